// What a message between two actors costs on this machine.
#pragma once

namespace syngrad {

// Microseconds for one hop with its reply: a predict question from one actor to another and the answer back, without
// any computing. Mean over `rounds`, on `threads` scheduler threads.
double measure_hop_us(int threads, int rounds);

} // namespace syngrad
