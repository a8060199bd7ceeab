#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <mutex>

#include "base/text.hpp"
#include "net/client.hpp"

namespace sentinel::net {
namespace {

// What a log may show of a URL: no user, password or query.
std::string shown(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const auto scheme = url.find("://");
  const auto at = url.find('@');
  const auto slash = scheme == std::string_view::npos ? std::string_view::npos : url.find('/', scheme + 3);
  if (scheme != std::string_view::npos && at != std::string_view::npos && at < slash)
    return std::string(url.substr(0, scheme + 3)) + std::string(url.substr(at + 1));
  return one_line(url, 200);
}

struct Exchange {
  const ClientRequest* request;
  ClientResponse response;
  bool too_large = false;
  std::stop_token stop;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t bytes = size * count;
  if (exchange.request->on_data) return exchange.request->on_data({data, bytes}) ? bytes : 0;
  if (exchange.response.body.size() + bytes > exchange.request->max_response) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(data, bytes);
  return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::string_view line = trim({data, size * count});
  if (line.starts_with("HTTP/")) exchange.response.headers = {};  // a 100 Continue came before
  const auto colon = line.find(':');
  if (colon != std::string_view::npos)
    exchange.response.headers.add(std::string(line.substr(0, colon)),
                                  std::string(trim(line.substr(colon + 1))));
  return size * count;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(context)->stop.stop_requested() ? 1 : 0;
}

std::string plain_hex(std::string_view fingerprint) {
  std::string plain;
  for (const char c : to_lower(fingerprint)) {
    if (c != ':' && c != ' ') plain += c;
  }
  return plain;
}

// Accepts a chain that holds the pinned certificate, whoever signed it; refuses every other.
int verify_pin(X509_STORE_CTX* store, void* pin) {
  const auto& wanted = *static_cast<const std::string*>(pin);
  const auto matches = [&](X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest, &length) != 1) return false;
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text == wanted;
  };
  if (matches(X509_STORE_CTX_get0_cert(store))) return 1;
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    if (matches(sk_X509_value(sent, i))) return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

CURLcode install_pin(CURL*, void* context, void* pin) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), verify_pin, pin);
  return CURLE_OK;
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return ErrorKind::kDenied;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorKind::kInvalid;
    default:
      return ErrorKind::kUnavailable;
  }
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options)
      : options_(std::move(options)), pin_(plain_hex(options_.pinned_fingerprint)) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)global;
  }
  ~CurlTransport() override {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }

  Result<ClientResponse> send(const ClientRequest& request, std::stop_token stop) override {
    CURL* handle = take();
    if (handle == nullptr) return fail(ErrorKind::kInternal, "libcurl gives no handle");
    Exchange exchange{&request, {}, false, std::move(stop)};
    curl_slist* headers = nullptr;
    for (const auto& [name, value] : request.headers.all())
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
    headers = curl_slist_append(headers, "Expect:");
    char message[CURL_ERROR_SIZE] = "";
    prepare(handle, request, exchange, headers, message);
    const CURLcode code = curl_easy_perform(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    give_back(handle);
    const std::string doing = request.method + " " + shown(request.url);
    if (exchange.too_large)
      return fail(ErrorKind::kInvalid,
                  fmt::format("{}: the answer is larger than {} bytes", doing, request.max_response));
    if (code == CURLE_ABORTED_BY_CALLBACK) return fail(ErrorKind::kUnavailable, doing + ": stopped");
    const bool ended_by_reader = code == CURLE_WRITE_ERROR && request.on_data;
    if (code != CURLE_OK && !ended_by_reader) {
      return fail(kind_of(code),
                  fmt::format("{}: {}", doing,
                              message[0] != '\0' ? one_line(message, 200) : curl_easy_strerror(code)));
    }
    exchange.response.status = static_cast<int>(status);
    return std::move(exchange.response);
  }

 private:
  void prepare(CURL* handle, const ClientRequest& request, Exchange& exchange, curl_slist* headers,
               char* message) {
    curl_easy_reset(handle);  // connections stay
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout / milliseconds(1)));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout / milliseconds(1)));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (request.method == "HEAD") {
      curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      curl_easy_setopt(handle, CURLOPT_POST, 1L);
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, options_.verify ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, options_.verify && pin_.empty() ? 2L : 0L);
    if (!options_.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    if (!options_.proxy.empty()) curl_easy_setopt(handle, CURLOPT_PROXY, options_.proxy.c_str());
    if (!pin_.empty()) {
      curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, install_pin);
      curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &pin_);
    }
  }
  CURL* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return curl_easy_init();
    CURL* handle = idle_.back();
    idle_.pop_back();
    return handle;
  }
  void give_back(CURL* handle) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(handle);
  }

  CurlOptions options_;
  std::string pin_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;  // each keeps its connections
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace sentinel::net
