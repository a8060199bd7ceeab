#include "api/web_app.hpp"

#include <gtest/gtest.h>

#include <array>

#include "net/inflate.hpp"

namespace sentinel::api {
namespace {

class WebAppTest : public ::testing::Test {
 protected:
  const std::string page_ = net::gzip("<!doctype html>");
  const std::string script_ = net::gzip("console.log(1)");
  const std::array<WebAsset, 2> assets_ = {
      {{"/index.html", "text/html; charset=utf-8", "\"aa\"", page_, false},
       {"/assets/app-1.js", "text/javascript; charset=utf-8", "\"bb\"", script_, true}}};
  const WebApp app_{assets_};

  static net::Request get(std::string path, std::string accept = "text/html,*/*;q=0.8") {
    net::Request request;
    request.method = "GET";
    request.path = std::move(path);
    if (!accept.empty()) request.headers.add("Accept", std::move(accept));
    return request;
  }
};

TEST_F(WebAppTest, EveryPagePathGivesThePage) {
  for (const char* path : {"/", "/incidents", "/incidents/INC-1", "/services/a b", "/logs", "/settings"}) {
    const auto response = app_.answer(get(path));
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 200) << path;
    EXPECT_EQ(response->body, "<!doctype html>") << path;
  }
}

TEST_F(WebAppTest, WhatIsNoPageIsLeftToTheOthers) {
  EXPECT_FALSE(app_.answer(get("/api/nothing")));
  EXPECT_FALSE(app_.answer(get("/_bulk")));
  EXPECT_FALSE(app_.answer(get("/assets/app-2.js")));
  net::Request post = get("/logs");
  post.method = "POST";
  EXPECT_FALSE(app_.answer(post));
}

TEST_F(WebAppTest, ShippersThatAskForJsonGetNoPage) {
  EXPECT_FALSE(app_.answer(get("/", "application/json")));
  EXPECT_FALSE(app_.answer(get("/logs", "*/*")));
  EXPECT_FALSE(app_.answer(get("/", "")));
}

TEST_F(WebAppTest, HashedFilesAreKeptForEverAndThePageIsAskedForAgain) {
  const auto script = app_.answer(get("/assets/app-1.js", "*/*"));
  const auto page = app_.answer(get("/"));
  ASSERT_TRUE(script && page);
  EXPECT_NE(script->headers.get("Cache-Control")->find("immutable"), std::string_view::npos);
  EXPECT_EQ(*page->headers.get("Cache-Control"), "no-cache");
}

TEST_F(WebAppTest, KnownContentIsNotSentAgain) {
  net::Request request = get("/");
  request.headers.add("If-None-Match", "\"aa\"");
  const auto response = app_.answer(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 304);
  EXPECT_TRUE(response->body.empty());
}

TEST_F(WebAppTest, KnownContentKeepsItsPolicy) {
  net::Request request = get("/");
  request.headers.add("If-None-Match", "\"aa\"");
  EXPECT_EQ(app_.answer(request)->headers.get("Content-Security-Policy"),
            app_.answer(get("/"))->headers.get("Content-Security-Policy"));
}

TEST_F(WebAppTest, GivesThePackedBytesToWhoTakesThem) {
  net::Request request = get("/");
  request.headers.add("Accept-Encoding", "gzip, br");
  const auto response = app_.answer(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, page_);
  EXPECT_EQ(*response->headers.get("Content-Encoding"), "gzip");
}

TEST_F(WebAppTest, AllowsNothingInline) {
  const auto response = app_.answer(get("/"));
  ASSERT_TRUE(response);
  const auto policy = response->headers.get("Content-Security-Policy");
  ASSERT_TRUE(policy);
  EXPECT_NE(policy->find("script-src 'self'"), std::string_view::npos);
  EXPECT_EQ(policy->find("unsafe"), std::string_view::npos);
}

TEST(WebAssets, ThePageIsInTheBinary) {
  net::Request request;
  request.method = "GET";
  request.path = "/incidents/INC-1";
  request.headers.add("Accept", "text/html");
  const auto response = WebApp().answer(request);
  ASSERT_TRUE(response);
  EXPECT_NE(response->body.find("<div id=\"root\">"), std::string::npos);
}

// What a first visit transfers. The page must open on a phone with a bad connection.
TEST(WebAssets, FirstLoadIsBelow250Kilobytes) {
  std::size_t bytes = 0;
  for (const auto& asset : web_assets()) bytes += asset.gzip.size();
  EXPECT_LT(bytes, 250U * 1024U);
}

}  // namespace
}  // namespace sentinel::api
