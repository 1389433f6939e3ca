# One static library per design folder. The link line is the dependency rule; tests/tidy reads the
# #include lines, since system headers are visible to every target.
#
#   fairway_folder(<name> [LINK <targets>...] [EXCLUDE <files>...])
function(fairway_folder name)
  cmake_parse_arguments(ARG "" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(file ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_library(fairway_${name} STATIC ${sources})
  target_include_directories(fairway_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(fairway_${name} PUBLIC ${ARG_LINK})
  set_target_properties(fairway_${name} PROPERTIES LINKER_LANGUAGE CXX)
  if(FAIRWAY_PCH AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/pch.h)
    target_precompile_headers(fairway_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/pch.h)
  endif()
endfunction()

# Everything that ctest runs and nothing more, for builds that exist only to be tested.
add_custom_target(test_programs)

#   fairway_add_test(<name> COMMAND <...> [LABELS <labels>...] [TIMEOUT <seconds>])
# add_test with the house's defaults. A sanitizer build puts its name before the test's, so that
# deploy/test can show the tests of several builds as one list.
function(fairway_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  set(prefix "")
  if(FAIRWAY_SANITIZE MATCHES "thread")
    set(prefix "tsan.")
  elseif(FAIRWAY_SANITIZE)
    set(prefix "asan.")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)  # a guard against hangs, not a measure
  endif()
  add_test(NAME ${prefix}${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${prefix}${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if(FAIRWAY_SANITIZE MATCHES "thread")
    set_tests_properties(${prefix}${name} PROPERTIES ENVIRONMENT
      "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/testing/tsan.supp:ignore_noninstrumented_modules=1")
  endif()
endfunction()

#   fairway_test(<name> SOURCES <files>... [LINK <targets>...] [LABELS <labels>...] [TIMEOUT <seconds>])
# A GoogleTest binary that ctest runs as one test: few processes, quick on two cores.
function(fairway_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_SOURCES)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  if(NOT FAIRWAY_SANITIZE)
    # What is tested is optimized; the tests themselves are compiled more often than they run.
    target_compile_options(${name} PRIVATE -O0)
  endif()
  if(FAIRWAY_PCH)
    target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/pch.h)
  endif()
  add_dependencies(test_programs ${name})
  fairway_add_test(${name} COMMAND ${name} LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()
