# The public headers: what a program of one's own includes. They and what they include are installed, nothing else.
set(SYNGRAD_PUBLIC_HEADERS
  actors/distributed/coordinated_training.hpp # over several processes: coordinate
  actors/distributed/joined_node.hpp # and take part
  actors/training.hpp # prepare, run, interrupt, weights
  actors/update_policy.hpp # a policy of one's own
  models/layers/attention.hpp
  models/layers/avg_pool2d.hpp
  models/layers/batch_norm.hpp
  models/layers/conv2d.hpp
  models/layers/dropout.hpp
  models/layers/embedding.hpp
  models/layers/flatten.hpp
  models/layers/gelu.hpp
  models/layers/global_avg_pool.hpp
  models/layers/layer_norm.hpp
  models/layers/gru.hpp
  models/layers/linear.hpp
  models/layers/lstm.hpp
  models/layers/max_pool2d.hpp
  models/layers/relu.hpp
  models/layers/residual.hpp
  models/network.hpp # a network and layers of one's own
  models/objective.hpp # an objective of one's own
  runtime/cpu/cpu_device.hpp
  runtime/cuda/cuda_devices.hpp
  runtime/data/data_source.hpp # data sets by the name that --data takes
  runtime/operators.hpp # what layers enqueue
  runtime/trace/trace_recorder.hpp)

# Those and, again and again, what they include, in `out`.
function(syngrad_installed_headers out)
  set(found ${SYNGRAD_PUBLIC_HEADERS})
  set(unread ${found})
  while(unread)
    list(POP_FRONT unread header)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
    file(STRINGS ${PROJECT_SOURCE_DIR}/${header} lines REGEX "^#include \"")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included "${line}")
      if(NOT included IN_LIST found)
        list(APPEND found ${included})
        list(APPEND unread ${included})
      endif()
    endforeach()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()
