#include "net/mail.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/base64.hpp"
#include "base/text.hpp"

namespace sentinel::net {
namespace {

// Base64 in lines of 76 characters, as RFC 2045 wants bodies.
std::string base64_lines(std::string_view bytes) {
  constexpr std::size_t kLine = 76;
  const std::string text = base64(bytes);
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += kLine) {
    lines += text.substr(at, kLine);
    if (text.size() - at >= kLine) lines += "\r\n";
  }
  return lines;
}

// RFC 2047, in words of at most 75 characters that never cut a code point.
std::string encoded_subject(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    const auto part = utf8_prefix(text, 42);
    if (part.empty()) break;
    words += (words.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(part) + "?=");
    text.remove_prefix(part.size());
  }
  return words;
}

bool is_address(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() < 255 &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>' || c == ',' || c == '\x7f';
         });
}

std::string date_of(Time t) {
  const auto midnight = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(midnight);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {} {} {} {} +0000", kDays[std::chrono::weekday(midnight).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), format_clock(t));
}

std::string part(const char* type, std::string_view body) {
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", type) +
         base64_lines(body) + "\r\n";
}

struct Upload {
  std::string_view left;
  std::stop_token stop;
};
std::size_t on_read(char* into, std::size_t size, std::size_t count, void* context) {
  auto& upload = *static_cast<Upload*>(context);
  const std::size_t bytes = std::min(size * count, upload.left.size());
  std::memcpy(into, upload.left.data(), bytes);
  upload.left.remove_prefix(bytes);
  return bytes;
}
int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Upload*>(context)->stop.stop_requested() ? 1 : 0;
}

}  // namespace

std::string mime_of(const Mail& mail) {
  std::string to;
  for (const auto& address : mail.to) to += (to.empty() ? "<" : ",\r\n <") + one_line(address, 254) + ">";
  std::string head =
      fmt::format("Date: {}\r\nFrom: <{}>\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n", date_of(mail.at),
                  one_line(mail.from, 254), to, encoded_subject(one_line(mail.subject, 600)),
                  one_line(mail.message_id, 200));
  if (!mail.thread_id.empty())
    head += fmt::format("References: <{0}>\r\nIn-Reply-To: <{0}>\r\n", one_line(mail.thread_id, 200));
  head += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  if (mail.html.empty()) return head + part("text/plain", mail.text);
  // Bodies are base64, which has no '-': the boundary cannot occur in them.
  static constexpr const char* kBoundary = "--sentinelops-part";
  return head +
         fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n--{}\r\n", kBoundary,
                     kBoundary) +
         part("text/plain", mail.text) + fmt::format("--{}\r\n", kBoundary) + part("text/html", mail.html) +
         fmt::format("--{}--\r\n", kBoundary);
}

Result<void> send_mail(const MailServer& server, const Mail& mail, std::stop_token stop) {
  if (mail.to.empty() || !is_address(mail.from) || !std::all_of(mail.to.begin(), mail.to.end(), is_address))
    return fail(ErrorKind::kInvalid, "mail: from and to must be addresses such as ops@example.org");
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)global;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) return fail(ErrorKind::kInternal, "libcurl gives no handle");
  curl_slist* raw = nullptr;
  for (const auto& address : mail.to) raw = curl_slist_append(raw, ("<" + address + ">").c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(raw, curl_slist_free_all);
  const std::string from = "<" + mail.from + ">";
  const std::string message = mime_of(mail);
  Upload upload{message, std::move(stop)};
  char text[CURL_ERROR_SIZE] = "";
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30'000L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(server.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  if (!server.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &upload);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return {};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == CURLE_OPERATION_TIMEDOUT) kind = ErrorKind::kTimeout;
  if (code == CURLE_LOGIN_DENIED || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED)
    kind = ErrorKind::kDenied;
  if (kind == ErrorKind::kUnavailable && status >= 500) kind = ErrorKind::kInvalid;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) kind = ErrorKind::kInvalid;
  return fail(kind,
              fmt::format("mail: {}{}", text[0] != '\0' ? one_line(text, 200) : curl_easy_strerror(code),
                          status >= 400 ? fmt::format(" (status {})", status) : ""));
}

}  // namespace sentinel::net
