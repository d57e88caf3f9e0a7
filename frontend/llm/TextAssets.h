// What a language model's files say about text: the tokenizer, the chat template, the tokens that end an answer. It goes
// into the package as weights of bytes, so that a package generates text on its own.
#ifndef TENSEL_FRONTEND_LLM_TEXTASSETS_H
#define TENSEL_FRONTEND_LLM_TEXTASSETS_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace tensel::llm {

struct TextAssets {
  std::string tokenizer;    ///< tokenizer.json, or GGUF's tokenizer.* metadata as one JSON object; empty: the files have none
  std::string chatTemplate; ///< Jinja2; may be empty
  std::string settings;     ///< {"bos_token": "", "eos_token": "", "end_ids": []}
};

/// Reads them from a GGUF file or a Hugging Face folder; false with `error` set when the files are wrong.
bool readTextAssets(llvm::StringRef path, TextAssets &assets, std::string &error);

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_TEXTASSETS_H
