// The loops of writing: logits, sample, detokenize, look for stop texts. See Generate.h.
#include "runtime/llm/Generate.h"

#include "runtime/llm/Detokenizer.h"
#include "runtime/llm/StopStrings.h"

#include <algorithm>
#include <chrono>

namespace tensel::text {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Error tooLong(size_t tokens, size_t most, const std::string &why) {
  return Error{"the prompt has " + std::to_string(tokens) + " tokens, expected at most " + std::to_string(most) + " (" + why +
               "): shorten it, raise --context, or give --context-shift to read only its end"};
}

/// How a context comes to hold a prompt: `text` is what it reads before it writes. An encoder reads `source`, which is empty where
/// there is none.
struct Reading {
  std::span<const TokenId> text, source;
  size_t promptTokens() const { return source.empty() ? text.size() : source.size(); }
};

/// An encoder reads the prompt; the answer is a text of its own.
Result<Reading> giveToEncoder(const LanguageModel &model, std::span<const TokenId> prompt, int64_t most, bool shift) {
  const std::optional<TokenId> &begin = model.answerStart();
  if (!begin)
    return Error{"the model does not say with which token an answer begins (decoder_start_token_id)"};
  const auto limit = static_cast<size_t>(most);
  if (prompt.size() > limit && !shift)
    return tooLong(prompt.size(), limit, "what the encoder may read");
  return Reading{std::span(&*begin, 1), prompt.last(std::min(prompt.size(), limit))};
}

/// `context` is a TextContext or a TextBatch.
template <typename Context>
Result<Reading> fitPrompt(const LanguageModel &model, const Context &context, std::span<const TokenId> prompt, bool shift) {
  if (prompt.empty())
    return Error{"the prompt is empty, expected at least one token"};
  if (context.listens())
    return giveToEncoder(model, prompt, context.sourceCapacity(), shift);
  const auto capacity = static_cast<size_t>(context.capacity());
  if (prompt.size() < capacity)
    return Reading{prompt, {}};
  if (!shift || capacity < 2)
    return tooLong(prompt.size(), capacity - 1, "a context of " + std::to_string(capacity) + ", and one token to answer");
  return Reading{prompt.last(capacity - capacity / 2), {}};
}

std::vector<TokenId> youngerHalf(const std::vector<TokenId> &tokens, size_t capacity) {
  return {tokens.end() - static_cast<ptrdiff_t>(capacity / 2), tokens.end()};
}

/// An answer while it is written: chooses tokens by the logits that it is given, and says their text.
class Answer {
public:
  static Result<Answer> create(const LanguageModel &model, const GenerationOptions &options, const Reading &reading,
                               TextSink sink) {
    auto sampler = Sampler::create(options.sampling);
    if (!sampler)
      return sampler.takeError();
    Answer answer(model, options, reading, std::move(*sampler), std::move(sink));
    for (const TokenId token : reading.text)
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

  Reading reading;
  Generation made;

private:
  Answer(const LanguageModel &model, const GenerationOptions &options, const Reading &reading, Sampler sampler, TextSink sink)
      : reading(reading), model(&model), options(&options), sampler(std::move(sampler)), sink(std::move(sink)),
        detokenizer(model.tokenizer()), stops(options.stop), start(now()) {
    made.promptTokens = made.readTokens = reading.promptTokens();
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
  auto fitted = fitPrompt(model, context, prompt, options.shift);
  if (!fitted)
    return fitted.takeError();
  auto answer = Answer::create(model, options, *fitted, sink);
  if (!answer)
    return answer.takeError();
  const auto capacity = static_cast<size_t>(context.capacity());
  if (context.listens())
    if (auto error = context.listen(fitted->source))
      return std::move(*error);
  auto logits = context.become(fitted->text, context.listens() ? nullptr : &answer->made.readTokens);
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
    auto fitted = fitPrompt(model, batch, prompts[i], options.shift);
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
      auto logits = batch.add(answer.reading.text, answer.reading.source);
      if (!logits)
        return logits.takeError();
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
