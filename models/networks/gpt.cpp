// Transformers for text (Radford et al., 2019; in the form of nanoGPT): tokens and learned positions, blocks whose
// branches begin with a LayerNorm, a last LayerNorm and a Linear to the vocabulary. The embedding belongs to the unit
// of the first block. The Linear has weights of its own: those of the embedding, which GPT-2 uses twice, may be in
// another group and on another machine. Dropout, where it is asked for, is behind the embeddings and at the end of each
// branch; nanoGPT's inside the attention is not there.
#include "models/networks/network_kind.hpp"
#include "models/networks/short_form.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace syngrad {

namespace {

constexpr double usual_deviation = 0.02;

struct gpt_sizes {
  std::int64_t blocks = 0, width = 0, heads = 0, context = 0, vocabulary = 0;
  double dropout = 0;
  // Of the layers in front of a sum: each adds to what is below it.
  double deviation_before_sum() const { return usual_deviation / std::sqrt(2.0 * static_cast<double>(blocks)); }
};

result<gpt_sizes> read_gpt(std::string_view parameters) {
  const auto form = short_form::read(parameters, {"heads", "context", "vocab", "dropout"});
  if (!form) return form.failure();
  const auto sizes = form->layers_and_width();
  const auto heads = form->option("heads", 4, most_layers), context = form->option("context", 64, most_features),
             vocabulary = form->option("vocab", vocabulary_until_known, most_vocabulary);
  const auto dropout = form->share("dropout");
  for (const auto* each : {&heads, &context, &vocabulary})
    if (!*each) return each->failure();
  if (!dropout) return dropout.failure();
  if (!sizes) return sizes.failure();
  const auto [blocks, width] = *sizes;
  if (width % *heads != 0)
    return error::setting("the width " + std::to_string(width) + " cannot be shared evenly by " +
                          std::to_string(*heads) + " heads; give heads=N a divisor of it");
  return gpt_sizes{blocks, width, *heads, *context, *vocabulary, *dropout};
}

network_document normal_linear(std::int64_t inputs, std::int64_t outputs, double deviation, bool bias = true) {
  auto made = linear_document(inputs, outputs, bias);
  made["init_std"] = deviation;
  return made;
}

network_document layer_norm_document(std::int64_t width) {
  return {{"type", "LayerNorm"}, {"normalized_shape", width}};
}

void add_dropout(network_document& layers, const gpt_sizes& of) {
  if (of.dropout > 0) layers.push_back({{"type", "Dropout"}, {"p", of.dropout}});
}

network_document residual_document(network_document layers, const gpt_sizes& of) {
  add_dropout(layers, of);
  return {{"type", "Residual"}, {"layers", std::move(layers)}};
}

network_document attention_branch(const gpt_sizes& of) {
  const network_document attention{{"type", "MultiheadAttention"}, {"embed_dim", of.width},
                                   {"num_heads", of.heads},        {"is_causal", true},
                                   {"init_std", usual_deviation},  {"out_proj_init_std", of.deviation_before_sum()}};
  return residual_document(network_document::array({layer_norm_document(of.width), attention}), of);
}

network_document feedforward_branch(const gpt_sizes& of) {
  const auto hidden = 4 * of.width;
  return residual_document(network_document::array({layer_norm_document(of.width),
                                                    normal_linear(of.width, hidden, usual_deviation),
                                                    {{"type", "GELU"}, {"approximate", "tanh"}},
                                                    normal_linear(hidden, of.width, of.deviation_before_sum())}),
                           of);
}

result<network_document> make_gpt(std::string_view parameters) {
  const auto sizes = read_gpt(parameters);
  if (!sizes) return sizes.failure();
  const network_document embedding{{"type", "Embedding"},
                                   {"num_embeddings", sizes->vocabulary},
                                   {"embedding_dim", sizes->width},
                                   {"positions", sizes->context}};
  auto units = network_document::array();
  for (std::int64_t i = 0; i < sizes->blocks; ++i) {
    auto unit = network_document::array();
    if (i == 0) {
      unit.push_back(embedding);
      add_dropout(unit, *sizes);
    }
    unit.push_back(attention_branch(*sizes));
    unit.push_back(feedforward_branch(*sizes));
    units.push_back(std::move(unit));
  }
  units.push_back(network_document::array(
    {layer_norm_document(sizes->width), normal_linear(sizes->width, sizes->vocabulary, usual_deviation, false)}));
  return network_document{{"input", tokens_document(sizes->context, sizes->vocabulary)}, {"units", std::move(units)}};
}

} // namespace

constexpr network_kind gpt_network_kind{
  "gpt",
  "gpt:BLOCKSxWIDTH,heads=N,context=N,vocab=N,dropout=P",
  "gpt:4x64,heads=4,context=64",
  "A transformer for tokens; 4 heads, a context of 64, the vocabulary of the data and no dropout, where they are not "
  "given",
  make_gpt,
  complete_vocabulary};

} // namespace syngrad
