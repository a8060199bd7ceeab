# sentinel_embed_web(TARGET): builds web/ (npm ci, vite) and compiles the result into TARGET as api/web_assets.hpp
# promises. Runs again only when a file of web/ has changed, so builds of C++ alone never wait for it.
find_program(NPM npm)
find_program(NODE node)

function(sentinel_embed_web target)
  if(NOT NPM OR NOT NODE)
    message(FATAL_ERROR "npm is missing, the dashboard cannot be built: run ./dev setup")
  endif()
  set(web ${CMAKE_SOURCE_DIR}/web)
  set(out ${CMAKE_BINARY_DIR}/web)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
  # The packages lie beside their lock file, for all build folders together; the stamp carries the lock's hash.
  file(SHA256 ${web}/package-lock.json lock)
  string(SUBSTRING ${lock} 0 16 lock)
  set(stamp ${web}/node_modules/.complete-${lock})
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${NPM} ci --silent --ignore-scripts --prefer-offline
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${web}/package-lock.json WORKING_DIRECTORY ${web} COMMENT "Fetching the dashboard's packages" VERBATIM)
  add_custom_command(OUTPUT ${out}/web_assets.cpp
    COMMAND ${NODE} node_modules/vite/bin/vite.js build --logLevel warn --outDir ${out}/dist --emptyOutDir
    COMMAND ${NODE} embed.mjs ${out}/dist ${out}/web_assets.cpp
    DEPENDS ${stamp} ${sources} ${web}/index.html ${web}/vite.config.ts ${web}/embed.mjs
    WORKING_DIRECTORY ${web} COMMENT "Building the dashboard" VERBATIM)
  target_sources(${target} PRIVATE ${out}/web_assets.cpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${web}/package-lock.json)
endfunction()
