// The command line: what the words mean, --help that teaches, exit code 2 for wrong usage.
#pragma once

namespace sentinel::app {

int run_cli(int argc, char** argv);

}  // namespace sentinel::app
