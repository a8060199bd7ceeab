# Compiler flags for every target of the project.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 sees overlapping copies in std::string operations that do not overlap (GCC bug 105651).
add_compile_options(-Wno-restrict)
# Designated initialisers name what they set; the rest has its default on purpose.
add_compile_options(-Wno-missing-field-initializers)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Detection promises bit-for-bit replay: no fused multiply-add, no relaxed floating point.
add_compile_options(-ffp-contract=off)

if(SENTINEL_SANITIZE)
  # -O1 keeps the sanitizer run of the whole suite in minutes on two cores.
  add_compile_options(-fsanitize=${SENTINEL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${SENTINEL_SANITIZE})
  # g++ 12 reports false positives for these under the sanitizers' instrumentation.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()
