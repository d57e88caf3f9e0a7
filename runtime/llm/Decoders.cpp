// The decoders: each rewrites the list of token texts; the text is their concatenation.
#include "runtime/llm/Steps.h"

namespace tensel::text {

namespace {

void replaceText(std::string &text, std::string_view from, std::string_view to) {
  if (from.empty() || text.find(from) == std::string::npos)
    return;
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done);
    out += to;
    done = at + from.size();
  }
  out.append(text, done);
  text = std::move(out);
}

/// Takes back the spaces that tokenizing English put before marks.
void cleanUp(std::string &text) {
  static constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto &[from, to] : rules)
    replaceText(text, from, to);
}

class Sequence : public Decoder {
public:
  explicit Sequence(std::vector<DecoderPtr> steps) : steps(std::move(steps)) {}
  void apply(std::vector<std::string> &tokens) const override {
    for (const DecoderPtr &step : steps)
      step->apply(tokens);
  }

private:
  std::vector<DecoderPtr> steps;
};

class ByteLevelDecoder : public Decoder {
public:
  void apply(std::vector<std::string> &tokens) const override {
    std::string bytes;
    for (const std::string &token : tokens) {
      const size_t begin = bytes.size();
      for (size_t at = 0; at < token.size();) {
        const int byte = byteOfStandIn(decodeUtf8(token, at));
        if (byte < 0) { // not spelled in stand-ins, so meant as it is
          bytes.resize(begin);
          bytes += token;
          break;
        }
        bytes += static_cast<char>(byte);
      }
    }
    tokens.assign(1, lossyUtf8(bytes));
  }
};

class MetaspaceDecoder : public Decoder {
public:
  MetaspaceDecoder(std::string replacement, PrependScheme scheme) : replacement(std::move(replacement)), scheme(scheme) {}
  void apply(std::vector<std::string> &tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i)
      replaceText(tokens[i], replacement, i == 0 && scheme != PrependScheme::Never ? "" : " ");
  }

private:
  std::string replacement;
  PrependScheme scheme;
};

class WordPieceDecoder : public Decoder {
public:
  WordPieceDecoder(std::string prefix, bool cleanup) : prefix(std::move(prefix)), cleanup(cleanup) {}
  void apply(std::vector<std::string> &tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i && tokens[i].starts_with(prefix))
        tokens[i].erase(0, prefix.size());
      else if (i)
        tokens[i].insert(0, " ");
      if (cleanup)
        cleanUp(tokens[i]);
    }
  }

private:
  std::string prefix;
  bool cleanup;
};

class BpeDecoder : public Decoder {
public:
  explicit BpeDecoder(std::string suffix) : suffix(std::move(suffix)) {}
  void apply(std::vector<std::string> &tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i)
      replaceText(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
  }

private:
  std::string suffix;
};

class ByteFallbackDecoder : public Decoder {
public:
  void apply(std::vector<std::string> &tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (isUtf8(bytes)) {
        if (!bytes.empty())
          out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string &token : tokens) {
      const int byte = byteOfFallback(token);
      if (byte >= 0) {
        bytes += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }
};

class FuseDecoder : public Decoder {
public:
  void apply(std::vector<std::string> &tokens) const override {
    std::string all;
    for (const std::string &token : tokens)
      all += token;
    tokens.clear();
    tokens.push_back(std::move(all));
  }
};

class LossyDecoder : public Decoder {
public:
  void apply(std::vector<std::string> &tokens) const override {
    FuseDecoder().apply(tokens);
    tokens[0] = lossyUtf8(tokens[0]);
  }
};

class StripDecoder : public Decoder {
public:
  StripDecoder(char32_t content, size_t start, size_t stop) : start(start), stop(stop) { appendUtf8(text, content); }
  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens) {
      size_t begin = 0, end = token.size();
      for (size_t i = 0; i < start && token.compare(begin, text.size(), text) == 0; ++i)
        begin += text.size();
      for (size_t i = 0; i < stop && std::string_view(token).substr(begin, end - begin).ends_with(text); ++i)
        end -= text.size();
      token = token.substr(begin, end - begin);
    }
  }

private:
  std::string text;
  size_t start, stop;
};

class ReplaceDecoder : public Decoder {
public:
  ReplaceDecoder(Pattern pattern, std::string content) : pattern(std::move(pattern)), content(std::move(content)) {}
  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens)
      replaceAll(pattern, content, token); // a token over the work limit stays as it is
  }

private:
  Pattern pattern;
  std::string content;
};

class CtcDecoder : public Decoder {
public:
  CtcDecoder(std::string pad, std::string delimiter, bool cleanup)
      : pad(std::move(pad)), delimiter(std::move(delimiter)), cleanup(cleanup) {}
  void apply(std::vector<std::string> &tokens) const override {
    std::vector<std::string> out;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i && tokens[i] == tokens[i - 1])
        continue;
      std::string text = tokens[i];
      replaceText(text, pad, "");
      if (cleanup) {
        cleanUp(text);
        replaceText(text, delimiter, " ");
      }
      if (!text.empty())
        out.push_back(std::move(text));
    }
    tokens = std::move(out);
  }

private:
  std::string pad, delimiter;
  bool cleanup;
};

} // namespace

DecoderPtr makeDecoderSequence(std::vector<DecoderPtr> steps) { return std::make_unique<Sequence>(std::move(steps)); }
DecoderPtr makeByteLevelDecoder() { return std::make_unique<ByteLevelDecoder>(); }
DecoderPtr makeMetaspaceDecoder(std::string replacement, PrependScheme scheme) {
  return std::make_unique<MetaspaceDecoder>(std::move(replacement), scheme);
}
DecoderPtr makeWordPieceDecoder(std::string prefix, bool cleanup) {
  return std::make_unique<WordPieceDecoder>(std::move(prefix), cleanup);
}
DecoderPtr makeBpeDecoder(std::string suffix) { return std::make_unique<BpeDecoder>(std::move(suffix)); }
DecoderPtr makeByteFallbackDecoder() { return std::make_unique<ByteFallbackDecoder>(); }
DecoderPtr makeFuseDecoder() { return std::make_unique<FuseDecoder>(); }
DecoderPtr makeLossyDecoder() { return std::make_unique<LossyDecoder>(); }
DecoderPtr makeStripDecoder(char32_t content, size_t start, size_t stop) {
  return std::make_unique<StripDecoder>(content, start, stop);
}
DecoderPtr makeReplaceDecoder(Pattern pattern, std::string content) {
  return std::make_unique<ReplaceDecoder>(std::move(pattern), std::move(content));
}
DecoderPtr makeCtcDecoder(std::string pad, std::string delimiter, bool cleanup) {
  return std::make_unique<CtcDecoder>(std::move(pad), std::move(delimiter), cleanup);
}

} // namespace tensel::text
