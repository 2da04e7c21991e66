#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <barrier>
#include <cstring>
#include <thread>

using namespace syngrad;

namespace {

// Appends the bytes of `values`, so that runs can be compared bit for bit.
void append(std::vector<unsigned char>& bytes, const tensor& values) {
  const auto* first = reinterpret_cast<const unsigned char*>(values.f32());
  bytes.insert(bytes.end(), first, first + values.bytes());
}

tensor normal(stream& on, random_source& random, shape extents) {
  auto out = make_tensor(on, extents);
  for (std::int64_t i = 0; i < out.elements(); ++i) out.f32()[i] = static_cast<float>(random.normal());
  return out;
}

// A layer's forward and backward pass, loss, update, sums, ridge solve, attention and a convolution: every operator
// that sums.
std::vector<unsigned char> pass(device& where) {
  constexpr std::int64_t batch = 96, width = 257, classes = 10;
  auto& on = where.make_stream();
  auto& ops = where.ops();
  random_source random(3, 5);
  auto x = normal(on, random, {batch, width}), w = normal(on, random, {width, width}),
       h = normal(on, random, {batch, width}), y = normal(on, random, {batch, width}),
       dx = normal(on, random, {batch, width}), dw = normal(on, random, {width, width}),
       gamma = normal(on, random, {width}), beta = normal(on, random, {width}), mean = normal(on, random, {width}),
       variance = normal(on, random, {width}), saved = normal(on, random, {2, width}),
       first = normal(on, random, {width, width}), second = make_tensor(on, {width, width}),
       top = normal(on, random, {width, classes}), logits = normal(on, random, {batch, classes}),
       dlogits = normal(on, random, {batch, classes}), table = normal(on, random, {classes, width}),
       loss = normal(on, random, {2}), sums = normal(on, random, {3}), failed = normal(on, random, {1}),
       gram = normal(on, random, {width, width}), solution = normal(on, random, {width, width}),
       qkv = normal(on, random, {2, 150, 3 * 32}), attended = normal(on, random, {2, 150, 32}),
       log_sum_exp = normal(on, random, {2, 4, 150}), dqkv = normal(on, random, {2, 150, 3 * 32}),
       rows = normal(on, random, {2, batch}), weight = normal(on, random, {width}), bias = normal(on, random, {width});
  auto labels = make_tensor(on, {batch}, dtype::i32);
  for (std::int64_t i = 0; i < batch; ++i) labels.i32()[i] = static_cast<std::int32_t>(random.below(classes));
  ops.fill(on, second, 1);

  const auto no = transpose::no, yes = transpose::yes;
  ops.matmul(on, {x, no, w, no, h});
  ops.batch_norm(on, {h, gamma, beta, y, mean, variance, &saved, 0.1f, 1e-5f, true});
  ops.matmul(on, {y, no, top, no, logits});
  ops.softmax_cross_entropy(on, {logits, labels, &dlogits, loss});
  ops.matmul(on, {dlogits, no, top, yes, dx});
  ops.batch_norm_backward(on, {dx, h, y, gamma, saved, &dx, &gamma, &beta, true, true});
  ops.matmul(on, {x, yes, dx, no, dw});
  ops.sum_rows_by_label(on, dx, labels, 0.98f, table);
  ops.agreement(on, dw, w, sums);
  ops.adam_step(on, {w, dw, 1.0f / batch, 1e-3f, 0, nullptr, nullptr}, first, second, 0.9f, 0.999f, 1e-8f, 1, false);
  ops.matmul(on, {y, yes, y, no, gram});
  ops.solve_ridge(on, gram, w, 1e-3f, solution, failed);

  ops.attention(on, {.qkv = qkv, .y = attended, .log_sum_exp = &log_sum_exp, .heads = 4, .causal = true});
  ops.attention_backward(
    on,
    {.dy = attended, .qkv = qkv, .y = attended, .log_sum_exp = log_sum_exp, .dqkv = dqkv, .heads = 4, .causal = true});
  ops.layer_norm(on, {.x = x, .weight = &weight, .bias = &bias, .y = h, .saved = &rows});
  ops.gelu(on, h, gelu_approximation::none, y);
  ops.layer_norm_backward(
    on, {.dy = y, .x = x, .weight = &weight, .saved = rows, .dx = &h, .dweight = &mean, .dbias = &variance});

  const window2d window{.kernel_size = 3, .stride = 2, .padding = 1};
  auto image = normal(on, random, {8, 12, 12, 16}), kernel = normal(on, random, {32, 3, 3, 16}),
       shifts = normal(on, random, {32}), map = normal(on, random, {8, 6, 6, 32}),
       dimage = normal(on, random, {8, 12, 12, 16}), dkernel = normal(on, random, {32, 3, 3, 16}),
       dshifts = normal(on, random, {32});
  ops.conv2d(on, {image, kernel, &shifts, map, window});
  ops.conv2d_backward(on, {map, image, kernel, window, &dimage, &dkernel, &dshifts, true});

  std::vector<unsigned char> bytes;
  for (const auto* each : {&map, &dimage, &dkernel, &dshifts}) append(bytes, *each);
  for (const auto* each :
       {&logits, &loss, &dx, &w, &table, &sums, &solution, &failed, &attended, &dqkv, &h, &mean, &variance})
    append(bytes, *each);
  return bytes;
}

} // namespace

TEST_CASE("operators give the same bytes on every thread, also when two run at once") {
  cpu_device where;
  configure_compute_thread();
  const auto expected = pass(where);
  constexpr int rounds = 20;
  std::barrier together(2);
  std::vector<int> equal(2);
  const auto run = [&](std::size_t index) {
    configure_compute_thread();
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      equal[index] += pass(where) == expected;
    }
  };
  std::thread left(run, 0), right(run, 1);
  left.join();
  right.join();
  REQUIRE(equal == std::vector<int>{rounds, rounds});
}

TEST_CASE("a compute thread flushes denormals to zero") {
  float flushed = 1;
  std::thread([&] {
    configure_compute_thread();
    volatile float small = 1e-30f;
    flushed = small * 1e-10f;
  }).join();
  REQUIRE(flushed == 0);
}
