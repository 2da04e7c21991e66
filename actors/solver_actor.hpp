// Solves for a closed-form predictor, on a copy of its state and a stream of its own, while the predictor works on.
#pragma once

#include "actors/observed_actor.hpp"

namespace syngrad {

class solver_actor : public observed_actor {
public:
  solver_actor(caf::actor_config&, actor_place, int interface_number, stream& work);

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;

private:
  void handle_connect(connect&);
  void handle_solve(solve&);

  int interface_;
  stream& work_;
};

} // namespace syngrad
