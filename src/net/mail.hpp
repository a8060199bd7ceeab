// Outgoing mail by SMTP (libcurl): STARTTLS or TLS, plain text with an HTML alternative. Blocking, any
// thread.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::net {

struct MailServer {
  std::string url;  // smtp://host:587 (STARTTLS), smtps://host:465
  std::string user;
  std::string password;
  bool plain = false;   // smtp:// without STARTTLS: for a relay on this machine
  std::string ca_file;  // PEM, instead of the system's authorities; empty: those
};

struct Mail {
  std::string from;  // addresses only, without names
  std::vector<std::string> to;
  std::string subject;
  std::string text;
  std::string html;        // may be empty
  std::string message_id;  // without < >
  std::string thread_id;   // of the conversation, without < >; may be empty
  Time at;
};

// The whole message as RFC 5322 has it: headers that no text can break out of, bodies in base64.
std::string mime_of(const Mail& mail);

// kUnavailable and kTimeout: try again; kDenied: login or certificate; kInvalid: refused for good (5xx), or
// an address that cannot be one.
Result<void> send_mail(const MailServer& server, const Mail& mail, std::stop_token stop = {});

}  // namespace sentinel::net
