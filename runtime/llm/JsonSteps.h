// Reads the steps of a tokenizer.json: one object with a "type" for each. Inside runtime/llm only.
#ifndef TENSEL_RUNTIME_LLM_JSONSTEPS_H
#define TENSEL_RUNTIME_LLM_JSONSTEPS_H

#include "runtime/llm/Json.h"
#include "runtime/llm/Steps.h"

namespace tensel::text {

Result<NormalizerPtr> readNormalizer(const Json &json);
Result<PreTokenizerPtr> readPreTokenizer(const Json &json);
Result<DecoderPtr> readDecoder(const Json &json);
Result<ModelPtr> readModel(const Json &json);

/// {"String": text} or {"Regex": pattern}
Result<Pattern> readPattern(const Json &owner);
/// "First", "Never", "Always" in any of the spellings that tokenizer.json had over time.
Result<PrependScheme> readPrependScheme(const Json &json);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_JSONSTEPS_H
