// Configuration and weights from a Hugging Face folder.
#include "frontend/huggingface/Folder.h"
#include "frontend/llm/builder/Source.h"

#include "llvm/ADT/StringExtras.h"

using namespace tensel;
using namespace tensel::llm;

namespace {
class HuggingFaceSource : public Source {
public:
  explicit HuggingFaceSource(huggingface::Folder folder) : folder(std::move(folder)) {}

  bool isGguf() const override { return false; }
  std::string architecture() const override {
    std::optional<Json> type = folder.config.json.find("model_type");
    return type ? type->asString().value_or("") : "";
  }

  std::optional<int64_t> integer(Key key) const override {
    std::optional<Json> value = find(key);
    if (!value)
      return std::nullopt;
    if (std::optional<int64_t> exact = value->asInteger())
      return exact;
    // Some writers store 8192.0.
    std::optional<double> number = value->asNumber();
    if (number && *number == static_cast<double>(static_cast<int64_t>(std::clamp(*number, -9e15, 9e15))))
      return static_cast<int64_t>(*number);
    return std::nullopt;
  }
  std::optional<double> number(Key key) const override {
    std::optional<Json> value = find(key);
    return value ? value->asNumber() : std::nullopt;
  }
  std::optional<bool> boolean(Key key) const override {
    std::optional<Json> value = find(key);
    return value ? value->asBool() : std::nullopt;
  }
  std::optional<std::string> string(Key key) const override {
    std::optional<Json> value = find(key);
    return value ? value->asString() : std::nullopt;
  }
  llvm::SmallVector<double> numbers(Key key) const override {
    llvm::SmallVector<double> result;
    if (std::optional<Json> value = find(key))
      for (JsonItems items(*value); items.next();)
        result.push_back(items.value().asNumber().value_or(items.value().asBool().value_or(false)));
    return result;
  }
  llvm::SmallVector<std::string> strings(Key key) const override {
    llvm::SmallVector<std::string> result;
    if (std::optional<Json> value = find(key))
      for (JsonItems items(*value); items.next();)
        result.push_back(items.value().asString().value_or(""));
    return result;
  }

  std::optional<WeightPlace> weight(llvm::StringRef name) const override {
    // "blk.3.attn_q.weight": the pattern "blk.%.attn_q", the number 3 and the ending "weight".
    auto [path, ending] = name.rsplit('.');
    llvm::SmallVector<llvm::StringRef> parts, numbers;
    path.split(parts, '.');
    std::string pattern;
    for (llvm::StringRef part : parts) {
      bool isNumber = llvm::all_of(part, llvm::isDigit);
      if (isNumber)
        numbers.push_back(part);
      pattern += (pattern.empty() ? "" : ".") + (isNumber ? std::string("%") : part.str());
    }
    for (const NamePair &pair : names) {
      if (pair.name != pattern)
        continue;
      llvm::SmallVector<llvm::StringRef> alternatives;
      pair.huggingFace.split(alternatives, '|');
      for (llvm::StringRef alternative : alternatives)
        if (std::optional<WeightPlace> place = find(fill(alternative, numbers), ending))
          return place;
    }
    return std::nullopt;
  }

private:
  static std::string fill(llvm::StringRef pattern, llvm::ArrayRef<llvm::StringRef> numbers) {
    std::string result;
    for (char c : pattern) {
      if (c != '%') {
        result += c;
      } else if (!numbers.empty()) {
        result += numbers.front();
        numbers = numbers.drop_front();
      }
    }
    return result;
  }

  std::optional<WeightPlace> find(const std::string &base, llvm::StringRef ending) const {
    // A parameter that is no module's weight has no ending there.
    auto found = folder.find(base + "." + ending.str());
    if (!found && ending == "weight")
      found = folder.find(base);
    if (!found)
      return std::nullopt;
    const huggingface::Tensor &tensor = *found->tensor;
    WeightPlace place{found->file->path(), tensor.offset, tensor.bytes, {}, llvm::StringRef(tensor.type->name).lower()};
    place.dims.assign(tensor.dims.begin(), tensor.dims.end());
    return place;
  }

  std::optional<Json> find(Key key) const {
    llvm::SmallVector<llvm::StringRef> paths;
    key.huggingFace.split(paths, '|', -1, false);
    for (llvm::StringRef path : paths) {
      std::optional<Json> value = folder.config.json;
      while (value && !path.empty()) {
        auto [member, rest] = path.split('.');
        value = value->find({member.data(), member.size()});
        path = rest;
      }
      if (value && !value->isNull())
        return value;
    }
    return std::nullopt;
  }

  huggingface::Folder folder;
};
} // namespace

std::unique_ptr<Source> tensel::llm::openHuggingFace(const std::string &path, std::string &error) {
  std::optional<huggingface::Folder> folder = huggingface::Folder::open(path, error);
  return folder ? std::make_unique<HuggingFaceSource>(std::move(*folder)) : nullptr;
}
