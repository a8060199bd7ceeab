#include "api/cursor.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

TEST(Cursor, ComesBackAsItWent) {
  for (const Cursor cursor :
       {Cursor{time_from_micros(1'771'614'000'000'001), 3}, Cursor{time_from_micros(-5), 0}})
    EXPECT_EQ(*parse_cursor(to_text(cursor)), cursor);
}

TEST(Cursor, WhatDidNotComeFromHereIsRefused) {
  for (const char* text :
       {"", "t", "t1", "t1-", "1-1", "t1-1x", "t1--1", "t99999999999999999-0", "tx-1", "t1-9999999999999"})
    EXPECT_FALSE(parse_cursor(text)) << text;
}

}  // namespace
}  // namespace sentinel::api
