// See TextMemory.h.
#include "tools/tensel/TextMemory.h"

#include "tools/tensel/Inputs.h"

namespace tensel::cli {

std::string TextMemory::read(const std::string &option) {
  return option.empty() ? "" : parseBytes(option, "--max-memory", limit);
}

std::string TextMemory::refuse(const text::LanguageModel &model, const text::ContextMemory &memory,
                               const std::string &advice) const {
  const int64_t total = memory.total() + model.textBytes();
  if (limit == 0 || total <= limit)
    return "";
  return "--max-memory: found a need of at least " + std::to_string(total) + " bytes, expected at most " + std::to_string(limit) +
         "\narenas take " + std::to_string(memory.arenaBytes) + ", states " + std::to_string(memory.stateBytes) +
         ", tables and threads' stacks " + std::to_string(memory.tableBytes) + ", the tokenizer and the chat template " +
         std::to_string(model.textBytes()) + advice;
}
} // namespace tensel::cli
