# sentinel_embed_openapi(TARGET): compiles docs/openapi.yaml into TARGET as JSON, as api/openapi.hpp promises.
add_executable(openapi_embed ${CMAKE_SOURCE_DIR}/cmake/openapi_embed.cpp)
target_link_libraries(openapi_embed PRIVATE yaml-cpp nlohmann_json::nlohmann_json)

function(sentinel_embed_openapi target)
  set(out ${CMAKE_BINARY_DIR}/openapi_json.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND openapi_embed ${CMAKE_SOURCE_DIR}/docs/openapi.yaml ${out}
    DEPENDS openapi_embed ${CMAKE_SOURCE_DIR}/docs/openapi.yaml COMMENT "Embedding docs/openapi.yaml" VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
