// Where a text holds what must not leave the host: credentials by their form or by the name beside them, and
// personal data by their form and checksum. Pure; finds too much rather than too little, but leaves ordinary
// log lines alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel::analyze {

struct Sensitive {
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  std::string_view kind;  // "secret", "email", "ip", "card", ...: the word of the placeholder
};

// Keys, tokens, passwords, private keys: kind "secret".
void find_credentials(std::string_view text, std::vector<Sensitive>& found);
// E-mail, IP and MAC addresses, card numbers, IBANs, phone and social security numbers.
void find_personal(std::string_view text, std::vector<Sensitive>& found);
// Values beside one of these names ("user_id=4711"); letters' case, dots and underscores do not matter.
void find_named(std::string_view text, std::span<const std::string> names, std::string_view kind,
                std::vector<Sensitive>& found);

// Whether nobody needs it back to read an explanation: such placeholders are never restored.
bool is_credential(std::string_view kind);

}  // namespace sentinel::analyze
