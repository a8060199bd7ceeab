#include "api/access.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

struct Asked {
  const char* about;
  const char* method;
  const char* path;
  std::vector<std::pair<const char*, std::string>> headers;
  int status;  // 0: let through
};

net::Request request_of(const Asked& asked, const char* remote = "127.0.0.1") {
  net::Request request;
  request.method = asked.method;
  request.path = asked.path;
  request.remote = remote;
  bool host = false;
  for (const auto& [name, value] : asked.headers) {
    request.headers.add(name, value);
    host = host || std::string_view(name) == "Host";
  }
  if (!host) request.headers.add("Host", "localhost:8000");
  return request;
}

void check(const Access& access, const std::vector<Asked>& cases) {
  for (const auto& asked : cases) {
    const auto refusal = access.refuse(request_of(asked));
    EXPECT_EQ(refusal ? refusal->status : 0, asked.status) << asked.about;
  }
}

class AccessTest : public testing::Test {
 protected:
  ManualClock clock_{time_from_micros(1'771'614'000'000'000)};
  AccessOptions options_{.hosts = {"localhost", "127.0.0.1", "::1"}};
};

TEST_F(AccessTest, OnLoopbackWithoutATokenOnlyOtherPagesAreRefused) {
  const Access access(options_, clock_);
  check(access,
        {
            {"a program", "POST", "/api/silences", {}, 0},
            {"a name that was made to point here", "GET", "/api/incidents", {{"Host", "evil.example"}}, 403},
            {"no name at all", "GET", "/api/incidents", {{"Host", ""}}, 403},
            {"IPv6", "GET", "/api/incidents", {{"Host", "[::1]:8000"}}, 0},
            {"a probe may use any name", "GET", "/healthz", {{"Host", "10.1.1.1"}}, 0},
            {"the page's own write", "POST", "/api/silences", {{"Origin", "http://localhost:8000"}}, 0},
            {"another page's", "POST", "/api/silences", {{"Origin", "https://evil.example"}}, 403},
            {"a page without origin", "POST", "/_bulk", {{"Origin", "null"}}, 403},
            {"another page's form", "POST", "/_bulk", {{"Sec-Fetch-Site", "cross-site"}}, 403},
            {"reading is not writing", "GET", "/api/incidents", {{"Origin", "https://evil.example"}}, 0},
        });
}

TEST_F(AccessTest, TokensDecideBetweenReadingAndWriting) {
  options_.token = "secret";
  options_.viewer_token = "look";
  const Access access(options_, clock_);
  const std::string op = "Bearer secret";
  const std::string viewer = "Bearer look";
  check(access,
        {
            {"nobody reads", "GET", "/api/incidents", {}, 401},
            {"nobody scrapes", "GET", "/metrics", {}, 401},
            {"nobody ships", "POST", "/_bulk", {}, 401},
            {"a wrong token", "GET", "/api/incidents", {{"Authorization", "Bearer secre"}}, 401},
            {"an empty token", "GET", "/api/incidents", {{"Authorization", "Bearer "}}, 401},
            {"a longer token", "GET", "/api/incidents", {{"Authorization", "Bearer secret1"}}, 401},
            {"the operator reads", "GET", "/api/incidents", {{"Authorization", op}}, 0},
            {"the operator writes", "POST", "/api/silences", {{"Authorization", op}}, 0},
            {"the viewer reads", "GET", "/api/incidents", {{"Authorization", viewer}}, 0},
            {"the viewer does not write", "POST", "/api/silences", {{"Authorization", viewer}}, 403},
            {"the viewer does not ship", "POST", "/_bulk", {{"Authorization", viewer}}, 403},
            {"a preview changes nothing", "POST", "/api/silences/preview", {{"Authorization", viewer}}, 0},
            {"logging in needs no login", "POST", "/api/session", {}, 0},
            {"health needs none", "GET", "/healthz", {}, 0},
            {"the page needs none", "GET", "/incidents/INC-1", {{"Accept", "text/html"}}, 0},
            {"data is not the page", "GET", "/api/incidents", {{"Accept", "text/html"}}, 401},
        });
}

TEST_F(AccessTest, ASessionWritesWithItsCsrfTokenUntilItEnds) {
  options_.token = "secret";
  Access access(options_, clock_);
  const auto session = access.login("secret", "  ann.b \n");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->caller.user, "ann.b");
  const std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  const std::string csrf = session->caller.csrf;
  const std::vector<Asked> cases = {
      {"reads", "GET", "/api/incidents", {{"Cookie", "other=1; " + cookie}}, 0},
      {"writes", "POST", "/api/silences", {{"Cookie", cookie}, {"X-CSRF-Token", csrf}}, 0},
      {"not without the token", "POST", "/api/silences", {{"Cookie", cookie}}, 403},
      {"not with another", "POST", "/api/silences", {{"Cookie", cookie}, {"X-CSRF-Token", csrf + "0"}}, 403},
      {"a changed cookie is none", "GET", "/api/incidents", {{"Cookie", cookie + "0"}}, 401},
  };
  check(access, cases);
  // Another process with the same token takes the session over; with another token it is worth nothing.
  check(Access(options_, clock_), cases);
  AccessOptions changed = options_;
  changed.token = "new";
  check(Access(changed, clock_),
        {{"after the token changed", "GET", "/api/incidents", {{"Cookie", cookie}}, 401}});
  clock_.advance(hours(13));
  check(access, {{"after its end", "GET", "/api/incidents", {{"Cookie", cookie}}, 401}});
}

TEST_F(AccessTest, ARoleCannotBeRaisedInTheCookie) {
  options_.token = "secret";
  options_.viewer_token = "look";
  Access access(options_, clock_);
  const auto session = access.login("look", "v");
  ASSERT_TRUE(session);
  std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  EXPECT_EQ(session->caller.role, Role::kViewer);
  cookie.replace(cookie.find("=v.") + 1, 1, "o");
  check(access, {{"a forged role", "GET", "/api/incidents", {{"Cookie", cookie}}, 401}});
}

TEST_F(AccessTest, AfterTenWrongTokensTheRightOneWaitsToo) {
  options_.token = "secret";
  Access access(options_, clock_);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(access.login("guess", "").error().kind, ErrorKind::kDenied);
  EXPECT_EQ(access.login("secret", "").error().kind, ErrorKind::kOverloaded);
  clock_.advance(minutes(2));
  EXPECT_TRUE(access.login("secret", ""));
}

TEST_F(AccessTest, TheUserHeaderCountsFromTrustedProxiesOnly) {
  options_.proxy_user_header = "X-Forwarded-User";
  options_.proxies = {"10.0.0.0/8"};
  options_.operators = {"ann"};
  const Access access(options_, clock_);
  const Asked ann{"", "POST", "/api/silences", {{"X-Forwarded-User", "ann"}}, 0};
  const Asked bob{"", "POST", "/api/silences", {{"X-Forwarded-User", "bob"}}, 0};
  EXPECT_FALSE(access.refuse(request_of(ann, "10.1.1.1")));
  EXPECT_EQ(access.refuse(request_of(bob, "10.1.1.1"))->status, 403);
  EXPECT_EQ(access.refuse(request_of(ann, "11.1.1.1"))->status, 401);
  EXPECT_EQ(access.caller(request_of(ann, "10.1.1.1")).user, "ann");
}

}  // namespace
}  // namespace sentinel::api
