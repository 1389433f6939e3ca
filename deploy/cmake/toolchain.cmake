# Compiler settings shared by every target: warnings, ccache, a fast linker, sanitizers.
find_program(FAIRWAY_CCACHE ccache)
if(FAIRWAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FAIRWAY_CCACHE})
endif()

find_program(FAIRWAY_MOLD mold)
find_program(FAIRWAY_LLD ld.lld)
if(FAIRWAY_MOLD AND NOT FAIRWAY_SANITIZE)
  add_link_options(-fuse-ld=mold)
elseif(FAIRWAY_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -fno-omit-frame-pointer
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # ccache can reuse objects that were built with a precompiled header only with this flag.
  add_compile_options(-fpch-preprocess)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
    # These see overlaps and overruns in inlined std::string code that are not there (GCC 105329,
    # 105651). clang and ASan keep watch.
    add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  if(CMAKE_UNITY_BUILD)
    # It takes the files of a batch for headers, whose classes must not hold what is private to a file.
    add_compile_options(-Wno-subobject-linkage)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A precompiled header that is the same whenever it is made: ccache can reuse what was built with it.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
if(FAIRWAY_WERROR)
  add_compile_options(-Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
    add_compile_options(-Wno-error=stringop-overread)  # of the same kind as those above
  endif()
endif()
if(FAIRWAY_SANITIZE)
  add_compile_options(-fsanitize=${FAIRWAY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FAIRWAY_SANITIZE})
endif()
if(FAIRWAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# Assertions are part of the product: they stay on in every build type.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
