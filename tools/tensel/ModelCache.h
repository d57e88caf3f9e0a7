// Language models by whatever name: a package as it is, a model compiled for this machine and kept in the user's cache.
#ifndef TENSEL_TOOLS_TENSEL_MODELCACHE_H
#define TENSEL_TOOLS_TENSEL_MODELCACHE_H

#include "runtime/llm/LanguageModel.h"
#include "tools/tensel/Commands.h"

namespace tensel::cli {

/// Opens the model of the options (a package, a GGUF file, a Hugging Face folder, an .onnx or .mlir file), compiled as they ask for; with
/// `score` also the function that gives logits at every position. A package must have been compiled as it is asked for where that
/// decides about results' bits (--bit-exact). The cache is TENSEL_CACHE, or tensel/ in XDG_CACHE_HOME or ~/.cache; what is in it is named by a hash of the
/// model's bytes, the options and this program. Processes may share it: entries appear whole, one process compiles at a time and
/// the others wait for what it makes. An entry that cannot be opened, as after a crash of the machine, is made again.
text::Result<text::LanguageModel> openLanguageModel(const LanguageOptions &options, bool score = false);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_MODELCACHE_H
