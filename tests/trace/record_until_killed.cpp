// record_until_killed FOLDER COUNTERS: several threads record without end. After each record its thread publishes, in
// the mapped file COUNTERS (one u64 a thread), how many it has recorded: so many must be found, whenever this is
// killed.
#include "tests/trace/numbered_records.hpp"

#include "runtime/trace/trace_recorder.hpp"

#include <barrier>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace syngrad;

namespace {

constexpr std::uint16_t workers = 3;
constexpr std::uint64_t records_a_round = 100, capacity = 1024, rounds_between_flushes = 5; // never a full ring

} // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const int file = ::open(words[2], O_RDWR);
  void* memory = ::mmap(nullptr, workers * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file < 0 || memory == MAP_FAILED) return 2;
  auto* counters = static_cast<std::atomic<std::uint64_t>*>(memory);

  trace_settings settings;
  settings.folder = words[1];
  settings.rings = workers;
  settings.capacity = capacity;
  auto recorder = trace_recorder::create(settings, {});
  if (!recorder) {
    std::fprintf(stderr, "%s\n", recorder.message().c_str());
    return 2;
  }
  std::barrier round(workers + 1);
  std::vector<std::thread> threads;
  for (std::uint16_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([&, worker] {
      for (std::uint64_t number = 0;;) {
        for (const auto end = number + records_a_round; number < end;) {
          (*recorder)->record(test::numbered_record(worker, number));
          counters[worker].store(++number, std::memory_order_release);
        }
        round.arrive_and_wait();
      }
    });
  for (std::uint64_t i = 1;; ++i) {
    round.arrive_and_wait();
    if (i % rounds_between_flushes == 0) (*recorder)->flush();
  }
}
