# Installs BUILD into an empty folder, builds EXAMPLE against it alone, and runs it: in one process and, as PYTHON starts
# them, in two and in three. Compiles each public header alone.
set(scratch ${BUILD}/package_test)
file(REMOVE_RECURSE ${scratch})
set(flags "")
if(SANITIZE)
  set(flags -fsanitize=${SANITIZE})
endif()

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  message("${output}")
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what}: failed (${code})")
  endif()
endfunction()

run("install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${scratch}/prefix)
run("the installed program" ${scratch}/prefix/bin/syngrad --version)
set(against -G ${GENERATOR} -D CMAKE_PREFIX_PATH=${scratch}/prefix -D CMAKE_BUILD_TYPE=${TYPE}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -D CMAKE_CXX_FLAGS=${flags})
run("configure" ${CMAKE_COMMAND} -S ${EXAMPLE} -B ${scratch}/build ${against})
run("build" ${CMAKE_COMMAND} --build ${scratch}/build)
run("the example" ${scratch}/build/example)
run("the example over processes" ${PYTHON} ${CMAKE_CURRENT_LIST_DIR}/over_processes.py ${scratch}/build/example)

run("configure the headers" ${CMAKE_COMMAND} -S ${SOURCE}/tests/package/headers -B ${scratch}/headers ${against}
    -D SOURCE=${SOURCE})
run("a public header alone" ${CMAKE_COMMAND} --build ${scratch}/headers)
