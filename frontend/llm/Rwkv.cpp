// RWKV 4: no attention; each channel keeps a decaying weighted mean of values as its state. The mean is kept as numerator
// and denominator relative to the largest exponent so far, so that exponentials neither overflow nor vanish.
#include "frontend/llm/Architecture.h"

using namespace mlir;

namespace tensel::llm {

namespace {
struct Mean {
  Value numerator, denominator, exponent;
};
} // namespace

/// x with each token replaced by the one before it; the state holds the last of the call before.
static Value shifted(Model &m, Value x, llvm::StringRef name) {
  std::string full = (name + "." + llvm::Twine(m.layer)).str();
  Value before = m.state(full, {m.batch(), m.b.getI64IntegerAttr(m.config.hidden)});
  m.setState(full, m.atLast(x));
  Value first = m.unsqueeze(before, {1});
  return m.mode == Mode::Decode ? first : m.concat({first, m.slice(x, 1, 0, -1)}, 1);
}

/// x * mix + shifted * (1 - mix)
static Value mixed(Model &m, Value x, Value before, llvm::StringRef name) {
  Value mix = m.weight(name, {1, 1, m.config.hidden});
  return m.add(m.mul(x, mix), m.mul(before, m.sub(m.number(1), mix)));
}

/// One token: its output and the state after it. An empty state is all zeros.
static Value step(Model &m, Value key, Value value, Value decay, Value bonus, Mean &mean) {
  Value isEmpty = m.compare(graph::ComparePredicate::eq, mean.denominator, m.number(0));
  Value exponent = m.select(isEmpty, m.number(-1e38), mean.exponent);
  auto merge = [&](Value old, Value fresh) {
    Value largest = m.make<graph::MaxOp>(old, fresh);
    Value oldPart = m.make<graph::ExpOp>(m.sub(old, largest)), part = m.make<graph::ExpOp>(m.sub(fresh, largest));
    return Mean{m.add(m.mul(oldPart, mean.numerator), m.mul(part, value)), m.add(m.mul(oldPart, mean.denominator), part),
                largest};
  };
  Mean seen = merge(exponent, m.add(key, bonus));
  mean = merge(m.add(exponent, decay), key);
  return m.div(seen.numerator, seen.denominator);
}

/// All tokens of a call in order: keys and values [B, S, C] -> outputs [B, S, C].
static Value overTime(Model &m, Value keys, Value values, Value decay, Value bonus, Mean &mean) {
  if (m.failed())
    return m.poison();
  Value byTimeKeys = m.transpose(keys, {1, 0, 2}), byTimeValues = m.transpose(values, {1, 0, 2});
  OperationState loop(m.loc, graph::LoopOp::getOperationName());
  Value flag = graph::ConstantOp::create(m.b, m.loc, DenseElementsAttr::get(RankedTensorType::get({}, m.b.getI1Type()), true));
  Value inits[] = {mean.numerator, mean.denominator, mean.exponent};
  loop.addOperands({m.squeeze(m.dimOf(m.tokens(), 1), {0}), flag});
  loop.addOperands(inits);
  Region *body = loop.addRegion();
  Type output;
  {
    OpBuilder::InsertionGuard guard(m.b);
    Block *block = m.b.createBlock(body);
    Value time = block->addArgument(RankedTensorType::get({}, m.i64()), m.loc);
    Value carried[3];
    for (int i = 0; i < 3; ++i)
      carried[i] = block->addArgument(inits[i].getType(), m.loc);
    Mean next = {carried[0], carried[1], carried[2]};
    Value out = step(m, m.gather(byTimeKeys, time), m.gather(byTimeValues, time), decay, bonus, next);
    Value after[3] = {next.numerator, next.denominator, next.exponent};
    if (m.mode == Mode::Prefill) {
      // What stands behind a row's last token leaves the state alone.
      Value counts = m.unsqueeze(m.compare(graph::ComparePredicate::le, time, m.last()), {1});
      for (int i = 0; i < 3; ++i)
        after[i] = m.select(counts, after[i], carried[i]);
    }
    output = out.getType();
    graph::YieldOp::create(m.b, m.loc, ValueRange{flag, after[0], after[1], after[2], out});
  }
  for (Value init : inits)
    loop.addTypes(init.getType());
  Ints shape = {ShapedType::kDynamic};
  llvm::append_range(shape, cast<RankedTensorType>(output).getShape());
  loop.addTypes(RankedTensorType::get(shape, m.f32()));
  Operation *op = m.b.create(loop);
  mean = {op->getResult(0), op->getResult(1), op->getResult(2)};
  return m.transpose(op->getResult(3), {1, 0, 2});
}

static Value timeMix(Model &m, Value x, int64_t width) {
  Value before = shifted(m, x, "shift");
  Value key = m.linear(mixed(m, x, before, ".time_mix_key.weight"), ".time_key", width);
  Value value = m.linear(mixed(m, x, before, ".time_mix_value.weight"), ".time_value", width);
  Value receptance = m.linear(mixed(m, x, before, ".time_mix_receptance.weight"), ".time_receptance", width);
  Value decay = m.make<graph::NegOp>(m.make<graph::ExpOp>(m.weight(".time_decay.weight", {width})));
  std::string names[3];
  Value values[3];
  const char *const parts[] = {"numerator", "denominator", "exponent"};
  for (int i = 0; i < 3; ++i) {
    names[i] = parts[i] + ("." + std::to_string(m.layer));
    values[i] = m.state(names[i], {m.batch(), m.b.getI64IntegerAttr(width)});
  }
  Mean mean = {values[0], values[1], values[2]};
  Value out = overTime(m, key, value, decay, m.weight(".time_first.weight", {width}), mean);
  m.setState(names[0], mean.numerator);
  m.setState(names[1], mean.denominator);
  m.setState(names[2], mean.exponent);
  return m.linear(m.mul(m.make<graph::SigmoidOp>(receptance), out), ".time_output", m.config.hidden);
}

static Value channelMix(Model &m, Value x, int64_t width) {
  Value before = shifted(m, x, "channel_shift");
  Value key = relu(m, m.linear(mixed(m, x, before, ".channel_mix_key.weight"), ".channel_key", width));
  Value value = m.linear(m.mul(key, key), ".channel_value", m.config.hidden);
  Value receptance = m.linear(mixed(m, x, before, ".channel_mix_receptance.weight"), ".channel_receptance", m.config.hidden);
  return m.mul(m.make<graph::SigmoidOp>(receptance), value);
}

static void build(Model &m) {
  m.config.layers = m.size({"num_hidden_layers", ""});
  m.config.hidden = m.size({"hidden_size", ""});
  m.config.context = m.sizeOr({"context_length", ""}, 1024);
  m.config.epsilon = m.numberOr({"layer_norm_epsilon", ""}, 1e-5);
  int64_t width = m.sizeOr({"attention_hidden_size", ""}, m.config.hidden);
  int64_t inner = m.sizeOr({"intermediate_size", ""}, 4 * m.config.hidden);
  // All decoders take the same inputs; this one has no use for positions.
  (void)m.positions();
  Value x = m.layerNorm(m.embed("token_embd", m.tokens(), m.config.hidden), "token_embd_norm");
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    x = m.add(x, timeMix(m, m.layerNorm(x, ".attn_norm"), width));
    x = m.add(x, channelMix(m, m.layerNorm(x, ".attn_norm_2"), inner));
  }
  m.finish(m.layerNorm(x, "output_norm"));
}

const Architecture rwkv = {{},
                           {"rwkv"},
                           {{"token_embd", "rwkv.embeddings"},
                            {"token_embd_norm", "rwkv.blocks.0.pre_ln"},
                            {"output_norm", "rwkv.ln_out"},
                            {"output", "head"},
                            {"blk.%.attn_norm", "rwkv.blocks.%.ln1"},
                            {"blk.%.attn_norm_2", "rwkv.blocks.%.ln2"},
                            {"blk.%.time_mix_key", "rwkv.blocks.%.attention.time_mix_key"},
                            {"blk.%.time_mix_value", "rwkv.blocks.%.attention.time_mix_value"},
                            {"blk.%.time_mix_receptance", "rwkv.blocks.%.attention.time_mix_receptance"},
                            {"blk.%.time_decay", "rwkv.blocks.%.attention.time_decay"},
                            {"blk.%.time_first", "rwkv.blocks.%.attention.time_first"},
                            {"blk.%.time_key", "rwkv.blocks.%.attention.key"},
                            {"blk.%.time_value", "rwkv.blocks.%.attention.value"},
                            {"blk.%.time_receptance", "rwkv.blocks.%.attention.receptance"},
                            {"blk.%.time_output", "rwkv.blocks.%.attention.output"},
                            {"blk.%.channel_mix_key", "rwkv.blocks.%.feed_forward.time_mix_key"},
                            {"blk.%.channel_mix_receptance", "rwkv.blocks.%.feed_forward.time_mix_receptance"},
                            {"blk.%.channel_key", "rwkv.blocks.%.feed_forward.key"},
                            {"blk.%.channel_value", "rwkv.blocks.%.feed_forward.value"},
                            {"blk.%.channel_receptance", "rwkv.blocks.%.feed_forward.receptance"}},
                           build};

} // namespace tensel::llm
