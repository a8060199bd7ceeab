# sentinel_room(NAME ROOMS base model ... LIBS pkg::lib ... [SOURCES_IN sub ...])
#   The library of one folder of src/ (target sentinel_NAME) from its *.cpp, and its unit tests from its
#   *_test.cpp (target NAME_test, ctest label "unit"). ROOMS are the rooms it may use; src/README.md is the
#   table they come from and ./dev check holds the includes against it. LIBS stay private to the room.
function(sentinel_room name)
  cmake_parse_arguments(ROOM "" "" "ROOMS;LIBS;PUBLIC_LIBS;TEST_LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
  list(TRANSFORM ROOM_ROOMS PREPEND sentinel_)
  if(sources)
    add_library(sentinel_${name} STATIC ${sources})
    target_include_directories(sentinel_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(sentinel_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_PUBLIC_LIBS} PRIVATE ${ROOM_LIBS})
  else()
    add_library(sentinel_${name} INTERFACE)
    target_include_directories(sentinel_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(sentinel_${name} INTERFACE ${ROOM_ROOMS} ${ROOM_PUBLIC_LIBS} ${ROOM_LIBS})
  endif()
  if(tests AND SENTINEL_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE sentinel_${name} ${ROOM_TEST_LIBS} GTest::gtest_main)
    sentinel_discover(${name}_test unit)
  endif()
endfunction()

# Registers every GoogleTest case of TARGET with ctest under LABEL; further arguments are LABELs too.
function(sentinel_discover target)
  string(REPLACE ";" "\\;" labels "${ARGN}")
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()
