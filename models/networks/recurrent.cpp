// Recurrent networks for text: tokens, layers of an LSTM or a GRU, and a Linear to the vocabulary. A sample is a chunk
// of a text, and the state goes on from chunk to chunk, where the data does: backpropagation through time, truncated to
// a chunk. The embedding belongs to the unit of the first layer.
#include "models/networks/network_kind.hpp"
#include "models/networks/short_form.hpp"

#include <nlohmann/json.hpp>

namespace syngrad {

namespace {

// `type`: of the layers.
result<network_document> make_recurrent(std::string_view parameters, const char* type) {
  const auto form = short_form::read(parameters, {"chunk", "vocab"});
  if (!form) return form.failure();
  const auto sizes = form->layers_and_width();
  if (!sizes) return sizes.failure();
  const auto chunk = form->option("chunk", 64, most_features),
             vocabulary = form->option("vocab", vocabulary_until_known, most_vocabulary);
  for (const auto* each : {&chunk, &vocabulary})
    if (!*each) return each->failure();
  const auto [layers, width] = *sizes;

  const network_document embedding{
    {"type", "Embedding"}, {"num_embeddings", *vocabulary}, {"embedding_dim", width}, {"init_std", 1.0}};
  const network_document recurrent{{"type", type}, {"input_size", width}, {"hidden_size", width}, {"carry", true}};
  auto units = network_document::array({network_document::array({embedding, recurrent})});
  for (std::int64_t i = 1; i < layers; ++i) units.push_back(network_document::array({recurrent}));
  units.push_back(network_document::array({linear_document(width, *vocabulary)}));
  return network_document{{"input", tokens_document(*chunk, *vocabulary)}, {"units", std::move(units)}};
}

result<network_document> make_lstm(std::string_view parameters) {
  return make_recurrent(parameters, "LSTM");
}

result<network_document> make_gru(std::string_view parameters) {
  return make_recurrent(parameters, "GRU");
}

} // namespace

constexpr network_kind lstm_network_kind{
  "lstm",
  "lstm:LAYERSxWIDTH,chunk=N,vocab=N",
  "lstm:1x128,chunk=4",
  "An LSTM for tokens; chunks of 64 and the vocabulary of the data, where they are not given",
  make_lstm,
  complete_vocabulary};

constexpr network_kind gru_network_kind{
  "gru",
  "gru:LAYERSxWIDTH,chunk=N,vocab=N",
  "gru:1x128,chunk=16",
  "A GRU for tokens; chunks of 64 and the vocabulary of the data, where they are not given",
  make_gru,
  complete_vocabulary};

} // namespace syngrad
