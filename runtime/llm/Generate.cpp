// The loop of writing: logits, sample, detokenize, look for stop texts. See Generate.h.
#include "runtime/llm/Generate.h"

#include "runtime/llm/Detokenizer.h"
#include "runtime/llm/StopStrings.h"

#include <chrono>

namespace tensel::text {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string tooLong(size_t tokens, int64_t capacity) {
  return "the prompt has " + std::to_string(tokens) + " tokens, expected at most " + std::to_string(capacity - 1) +
         " (a context of " + std::to_string(capacity) +
         ", and one token to answer): shorten it, raise --context, or give "
         "--context-shift to read only its end";
}

} // namespace

const char *finishName(Finish finish) {
  switch (finish) {
  case Finish::Length:
    return "length";
  case Finish::End:
    return "end";
  case Finish::Stop:
    return "stop";
  case Finish::Cancelled:
    return "cancelled";
  }
  return "";
}

Result<Generation> generate(const LanguageModel &model, TextContext &context, std::span<const TokenId> prompt,
                            const GenerationOptions &options, const TextSink &sink) {
  auto sampler = Sampler::create(options.sampling);
  if (!sampler)
    return sampler.takeError();
  const auto capacity = static_cast<size_t>(context.capacity());
  if (prompt.empty())
    return Error{"the prompt is empty, expected at least one token"};
  if (prompt.size() >= capacity) {
    if (!options.shift || capacity < 2)
      return Error{tooLong(prompt.size(), context.capacity())};
    prompt = prompt.last(capacity - capacity / 2);
  }
  Generation result;
  result.promptTokens = prompt.size();
  for (const TokenId token : prompt)
    sampler->accept(token);
  double start = now();
  auto logits = context.become(prompt, &result.readTokens);
  if (!logits)
    return logits.takeError();
  result.prefillSeconds = now() - start;

  Detokenizer detokenizer(model.tokenizer());
  StopStrings stops(options.stop);
  const auto say = [&](const std::string &piece) {
    result.text += piece;
    return piece.empty() || sink(piece);
  };
  start = now();
  while (true) {
    if (result.tokens.size() == options.maxTokens)
      break;
    const TokenId token = sampler->sample(*logits);
    if (!options.ignoreEnd && model.isEnd(token)) {
      result.finish = Finish::End;
      break;
    }
    result.tokens.push_back(token);
    if (!say(stops.add(detokenizer.add(token)))) {
      result.finish = Finish::Cancelled;
      break;
    }
    if (stops.stopped()) {
      result.finish = Finish::Stop;
      break;
    }
    if (result.tokens.size() == options.maxTokens)
      break;
    if (context.tokens().size() == capacity) {
      if (!options.shift)
        break;
      const std::vector<TokenId> kept(context.tokens().end() - static_cast<ptrdiff_t>(capacity / 2), context.tokens().end());
      context.clear();
      if (logits = context.append(kept); !logits)
        return logits.takeError();
    }
    if (logits = context.append(std::span(&token, 1)); !logits)
      return logits.takeError();
  }
  if (result.finish != Finish::Cancelled && !stops.stopped()) {
    (void)say(stops.add(detokenizer.finish()));
    (void)say(stops.finish());
  }
  result.decodeSeconds = now() - start;
  return result;
}

} // namespace tensel::text
