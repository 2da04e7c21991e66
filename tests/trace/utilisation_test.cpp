// Where the time of actors and threads goes, and what is said about it, on a pipeline whose every wait is known.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/trace/analysis/timing_analyses.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

void check_shares(const activity& of, const char* name, double busy, double starved, double blocked, double ready,
                  double idle) {
  INFO(name);
  CHECK(of.name == name);
  CHECK(of.busy == Approx(busy));
  CHECK(of.starved == Approx(starved).margin(1e-9));
  CHECK(of.blocked == Approx(blocked).margin(1e-9));
  CHECK(of.ready == Approx(ready).margin(1e-9));
  CHECK(of.idle == Approx(idle).margin(1e-9));
}

activity activity_of(const char* name, actor_role role, double busy, double starved = 0, double ready = 0) {
  activity made;
  made.name = name;
  made.role = role;
  made.busy = busy;
  made.starved = starved;
  made.ready = ready;
  return made;
}

} // namespace

TEST_CASE("the shares of a pipeline's actors and threads are those of its timetable") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_utilisation(request.run(), request.filter, 10);
  CHECK(measured.begin_ns == pipeline_begin_ns);
  CHECK(measured.span_ns == 1'000'000);
  CHECK(measured.bucket_ns == 100'000);
  CHECK(measured.complete);
  REQUIRE(measured.actors.size() == 3);
  check_shares(measured.actors[0], "group 0", 0.60, 0.00, 0.15, 0.21, 0.04);
  check_shares(measured.actors[1], "group 1", 0.40, 0.05, 0.00, 0.10, 0.45);
  check_shares(measured.actors[2], "source", 0.14, 0.00, 0.45, 0.05, 0.36);
  CHECK(measured.actors[0].handled == 4);
  CHECK(measured.actors[2].handled == 2);
  REQUIRE(measured.threads.size() == 2);
  check_shares(measured.threads[0], "worker 0", 0.74, 0, 0, 0, 0.26);
  check_shares(measured.threads[1], "worker 1", 0.40, 0, 0, 0, 0.60);
  CHECK(measured.actors[1].busy_over_time == std::vector<float>{0, 0, 0, 1, 0, 1, 1, 1, 0, 0});
  CHECK(measured.actors[2].busy_over_time[6] == Approx(0.4));
}

TEST_CASE("a window of time is judged by itself, with what was open at its begin") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.write(folder.path());
  auto request = request_for(folder.path());
  request.filter.from_ns = trace.at(350);
  request.filter.to_ns = trace.at(750);
  const auto measured = measure_utilisation(request.run(), request.filter, 4);
  CHECK(measured.span_ns == 400'000);
  // Group 0: in A2 until 500 although its begin is not seen, in G1 until 600; after that nothing more of it.
  CHECK(measured.actors[0].busy == Approx(0.625));
  // Group 1: in B1 until 400, starved until 450, B2 waits until 500 and is handled beyond the end.
  check_shares(measured.actors[1], "group 1", 0.75, 0.125, 0, 0.125, 0);
}

TEST_CASE("in a sample the busy share is an estimate, and waiting is not told from idling") {
  temporary_folder folder;
  pipeline_trace(2).builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_utilisation(request.run(), request.filter);
  CHECK_FALSE(measured.complete);
  check_shares(measured.actors[0], "group 0", 1.0, 0, 0, 0, 0); // 60 % twice is more than there is
  check_shares(measured.actors[1], "group 1", 0.8, 0, 0, 0, 0.2);
  check_shares(measured.actors[2], "source", 0.14, 0, 0, 0, 0.86); // its messages belong to no batch: all are there
}

TEST_CASE("a stream is busy for as long as the gpu records say, overlaps counted once") {
  temporary_folder folder;
  pipeline_trace trace;
  const auto work = [&](std::int64_t end_us, std::uint64_t us) {
    trace_record record;
    record.time_ns = trace.at(end_us);
    record.kind = record_kind::gpu;
    record.actor = trace.group_0;
    record.peer = actor_id(0, 40);
    record.message = trace.a1;
    record.parent = us * 1000;
    record.batch = 1;
    trace.builder.add(record);
  };
  work(200, 100);
  work(250, 80);
  work(400, 50);
  trace.builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_utilisation(request.run(), request.filter);
  REQUIRE(measured.streams.size() == 1);
  check_shares(measured.streams[0], "stream 0:40", 0.2, 0, 0, 0, 0.8);
}

TEST_CASE("bottlenecks come in words, the largest first, with what may help") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto found = find_bottlenecks(measure_utilisation(request.run(), request.filter), request.run().names());
  REQUIRE(found.size() == 3);
  CHECK(found[0].share == Approx(0.21));
  CHECK(found[0].text ==
        "messages for group 0 waited for a free thread 21 % of the time: the 2 threads are 57 % busy, so "
        "it is waking up that takes long; larger batches (--batch) need fewer messages.");
  CHECK(found[1].text == "group 0 waited for credit 15 % of the time: group 1 is the slowest (40 % busy); give it "
                         "fewer layers (--split), or let more batches wait (--credits).");
  CHECK(found[2].text == "group 1 had nothing to do 5 % of the time: of those below it group 0 is the slowest (60 % "
                         "busy); move layers up from there (--split).");
}

TEST_CASE("where all threads are busy, they are the bottleneck, and whoever starves does so for them") {
  utilisation measured;
  measured.threads.push_back(activity_of("worker", actor_role::other, 0.99));
  measured.actors.push_back(activity_of("group 0", actor_role::group, 0.90, 0, 0.10));
  measured.actors.push_back(activity_of("group 1", actor_role::group, 0.09, 0.91));
  const auto found = find_bottlenecks(measured, {});
  REQUIRE(found.size() == 3);
  CHECK(found[2].text == "group 1 was busy 9 % of the time: that is 9 % of what the threads do; fewer layers in it "
                         "(--split) take less.");
  CHECK(found[0].text == "group 0 was busy 90 % of the time: it sets the pace; give it fewer layers (--split) or its "
                         "products more threads (--intra-op).");
  CHECK(found[1].text == "messages for group 0 waited for a free thread 10 % of the time: the only thread is 99 % "
                         "busy; give it more (--threads).");
}

TEST_CASE("where the source waits for data, the data is what holds up the groups") {
  utilisation measured;
  measured.threads.push_back(activity_of("worker", actor_role::other, 0.5));
  measured.actors.push_back(activity_of("source", actor_role::source, 0.01, 0.60));
  measured.actors.push_back(activity_of("group 0", actor_role::group, 0.40, 0.55));
  measured.actors.push_back(activity_of("group 1", actor_role::group, 0.42, 0.50));
  const auto found = find_bottlenecks(measured, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].share == Approx(0.60));
  CHECK_THAT(found[0].text, Catch::StartsWith("the source waited for data 60 % of the time: batches are not read") &&
                              Catch::Contains("--augment"));
}

TEST_CASE("a source that waits for credit has no layers to move: what the lowest group waits for is on its way") {
  utilisation measured;
  measured.threads.push_back(activity_of("worker", actor_role::other, 0.5));
  measured.actors.push_back(activity_of("group 0", actor_role::group, 0.22, 0.33));
  measured.actors.push_back(activity_of("source", actor_role::source, 0.01));
  const auto text = [&] { return find_bottlenecks(measured, {}).at(0).text; };
  CHECK(text() == "group 0 had nothing to do 33 % of the time: source is the slowest (1 % busy); larger batches "
                  "(--batch) are fewer.");
  measured.actors.back().blocked = 0.82;
  CHECK(text() == "group 0 had nothing to do 33 % of the time: meanwhile the source waited for credit, so that batches "
                  "and credits were on their way; let more batches wait (--credits).");
}

TEST_CASE("slow data of a text is not told of as images") {
  trace_names names;
  names.facts["unit"] = "tokens";
  utilisation measured;
  measured.threads.push_back(activity_of("worker", actor_role::other, 0.5));
  measured.actors.push_back(activity_of("source", actor_role::source, 0.01, 0.60));
  const auto found = find_bottlenecks(measured, names);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].text, Catch::Contains("a faster disk, or a copy") && !Catch::Contains("images"));
}

TEST_CASE("a locked run is told what locks it") {
  trace_names names;
  names.facts["policy"] = "locked";
  utilisation measured;
  measured.threads.push_back(activity_of("worker", actor_role::other, 0.5));
  measured.actors.push_back(activity_of("group 0", actor_role::group, 0.30, 0.70));
  measured.actors.push_back(activity_of("group 1", actor_role::group, 0.20, 0.80));
  const auto found = find_bottlenecks(measured, names);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].text, Catch::StartsWith("group 1 waited for an activation or a gradient 80 % of the time") &&
                              Catch::Contains("--policy synthetic"));
}
