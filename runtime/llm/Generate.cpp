// The loops of writing: logits, sample, detokenize, look for stop texts. See Generate.h.
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

Result<std::span<const TokenId>> fitPrompt(std::span<const TokenId> prompt, int64_t capacity, const GenerationOptions &options) {
  if (prompt.empty())
    return Error{"the prompt is empty, expected at least one token"};
  if (prompt.size() < static_cast<size_t>(capacity))
    return prompt;
  if (!options.shift || capacity < 2)
    return Error{tooLong(prompt.size(), capacity)};
  return prompt.last(static_cast<size_t>(capacity - capacity / 2));
}

std::vector<TokenId> youngerHalf(const std::vector<TokenId> &tokens, size_t capacity) {
  return {tokens.end() - static_cast<ptrdiff_t>(capacity / 2), tokens.end()};
}

/// An answer while it is written: chooses tokens by the logits that it is given, and says their text.
class Answer {
public:
  static Result<Answer> create(const LanguageModel &model, const GenerationOptions &options, std::span<const TokenId> prompt,
                               TextSink sink) {
    auto sampler = Sampler::create(options.sampling);
    if (!sampler)
      return sampler.takeError();
    Answer answer(model, options, prompt, std::move(*sampler), std::move(sink));
    for (const TokenId token : prompt)
      answer.sampler.accept(token);
    return answer;
  }

  /// The prompt is read from now on, and has been read.
  void begin() { start = now(); }
  void hasRead() {
    made.prefillSeconds = now() - start;
    start = now();
  }

  /// The next token, which the model is to read; nothing when the answer has ended.
  std::optional<TokenId> next(std::span<const float> logits) {
    std::optional<TokenId> token = choose(logits);
    made.decodeSeconds = now() - start;
    return token;
  }

  /// What was written; says what was held back.
  Generation finish() {
    if (made.finish != Finish::Cancelled && !stops.stopped()) {
      (void)say(stops.add(detokenizer.finish()));
      (void)say(stops.finish());
    }
    return std::move(made);
  }

  std::span<const TokenId> prompt;
  Generation made;

private:
  Answer(const LanguageModel &model, const GenerationOptions &options, std::span<const TokenId> prompt, Sampler sampler,
         TextSink sink)
      : prompt(prompt), model(&model), options(&options), sampler(std::move(sampler)), sink(std::move(sink)),
        detokenizer(model.tokenizer()), stops(options.stop), start(now()) {
    made.promptTokens = prompt.size();
  }

  std::optional<TokenId> choose(std::span<const float> logits) {
    if (made.tokens.size() == options->maxTokens)
      return std::nullopt;
    const TokenId token = sampler.sample(logits);
    if (!options->ignoreEnd && model->isEnd(token))
      return end(Finish::End);
    made.tokens.push_back(token);
    if (!say(stops.add(detokenizer.add(token))))
      return end(Finish::Cancelled);
    if (stops.stopped())
      return end(Finish::Stop);
    return made.tokens.size() == options->maxTokens ? std::nullopt : std::optional(token);
  }
  std::nullopt_t end(Finish why) {
    made.finish = why;
    return std::nullopt;
  }
  bool say(const std::string &piece) {
    made.text += piece;
    return piece.empty() || sink(piece);
  }

  const LanguageModel *model;
  const GenerationOptions *options;
  Sampler sampler;
  TextSink sink;
  Detokenizer detokenizer;
  StopStrings stops;
  double start;
};

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
  auto fitted = fitPrompt(prompt, context.capacity(), options);
  if (!fitted)
    return fitted.takeError();
  auto answer = Answer::create(model, options, *fitted, sink);
  if (!answer)
    return answer.takeError();
  const auto capacity = static_cast<size_t>(context.capacity());
  auto logits = context.become(*fitted, &answer->made.readTokens);
  if (!logits)
    return logits.takeError();
  answer->hasRead();
  while (const std::optional<TokenId> token = answer->next(*logits)) {
    if (context.tokens().size() == capacity) {
      if (!options.shift)
        break;
      const std::vector<TokenId> kept = youngerHalf(context.tokens(), capacity);
      context.clear();
      if (logits = context.append(kept); !logits)
        return logits.takeError();
    }
    if (logits = context.append(std::span(&*token, 1)); !logits)
      return logits.takeError();
  }
  return answer->finish();
}

Result<std::vector<Generation>> generateTogether(const LanguageModel &model, TextBatch &batch,
                                                 const std::vector<std::vector<TokenId>> &prompts,
                                                 const GenerationOptions &options, const BatchSink &sink) {
  std::vector<Answer> answers;
  for (size_t i = 0; i < prompts.size(); ++i) {
    auto fitted = fitPrompt(prompts[i], batch.capacity(), options);
    if (!fitted)
      return Error{"prompt " + std::to_string(i + 1) + ": " + fitted.message()};
    auto answer = Answer::create(model, options, *fitted, [&sink, i](std::string_view piece) { return sink(i, piece); });
    if (!answer)
      return answer.takeError();
    answers.push_back(std::move(*answer));
  }
  const auto capacity = static_cast<size_t>(batch.capacity());
  // Per row of the batch: whose answer it is, and its token that the model has not read yet.
  std::vector<size_t> owners;
  std::vector<TokenId> pending;
  const auto remove = [&](size_t row) {
    batch.remove(row);
    owners[row] = owners.back();
    pending[row] = pending.back();
    owners.pop_back();
    pending.pop_back();
  };
  size_t waiting = 0;
  while (true) {
    for (; batch.size() < batch.room() && waiting < answers.size(); ++waiting) {
      Answer &answer = answers[waiting];
      answer.begin();
      auto logits = batch.add(answer.prompt);
      if (!logits)
        return logits.takeError();
      answer.made.readTokens = answer.prompt.size();
      answer.hasRead();
      if (const std::optional<TokenId> token = answer.next(*logits)) {
        owners.push_back(waiting);
        pending.push_back(*token);
      } else {
        batch.remove(batch.size() - 1);
      }
    }
    for (size_t row = batch.size(); row-- > 0;) {
      if (batch.tokens(row).size() < capacity)
        continue;
      if (!options.shift)
        remove(row);
      else if (auto logits = batch.replace(row, youngerHalf(batch.tokens(row), capacity)); !logits)
        return logits.takeError();
    }
    if (batch.size() == 0 && waiting == answers.size())
      break;
    if (batch.size() == 0)
      continue;
    auto logits = batch.append(pending);
    if (!logits)
      return logits.takeError();
    const size_t vocabulary = logits->size() / batch.size();
    // From the last row down: who moves to a freed row has its token already.
    for (size_t row = batch.size(); row-- > 0;) {
      const std::optional<TokenId> token = answers[owners[row]].next(logits->subspan(row * vocabulary, vocabulary));
      if (token)
        pending[row] = *token;
      else
        remove(row);
    }
  }
  std::vector<Generation> made;
  for (Answer &answer : answers)
    made.push_back(answer.finish());
  return made;
}

} // namespace tensel::text
