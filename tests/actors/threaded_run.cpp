#include "tests/actors/threaded_run.hpp"

#include <stdexcept>

namespace syngrad::test {

threaded_result run_threaded(training_settings settings, const std::string& model, const dataset& data, device& where,
                             const std::function<void(training&)>& started) {
  auto net = make_network(model);
  if (!net) throw std::invalid_argument(net.message());
  return run_threaded(std::move(settings), std::move(*net), data, where, started);
}

threaded_result run_threaded(training_settings settings, network net, const dataset& data, device& where,
                             const std::function<void(training&)>& started) {
  threaded_result out;
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report& each) { out.evaluations.push_back(each); };
  observer.on_notice = [&](const std::string& line) { out.notices.push_back(line); };
  auto run = training::prepare(std::move(settings), std::move(net), data, where, observer);
  if (!run) throw std::invalid_argument(run.message());
  if (started) started(**run);
  out.summary = (*run)->run();
  for (const auto& each : (*run)->weights())
    out.weights.insert(out.weights.end(), each.value.f32(), each.value.f32() + each.value.elements());
  return out;
}

} // namespace syngrad::test
