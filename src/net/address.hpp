// IP addresses as text: which network one belongs to.
#pragma once

#include <string>
#include <string_view>

namespace sentinel::net {

// Whether `address` is `network` or lies in it: "10.1.2.3", "10.0.0.0/8", "::1", "fd00::/8". An IPv4 address
// that came in IPv6 clothes (::ffff:10.1.2.3) counts as IPv4. False for what is no address.
bool in_network(std::string_view address, std::string_view network);
bool is_network(std::string_view text);

}  // namespace sentinel::net
