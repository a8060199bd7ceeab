#include "app/cli.hpp"

int main(int argc, char** argv) { return sentinel::app::run_cli(argc, argv); }
