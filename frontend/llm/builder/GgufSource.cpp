// Configuration and weights from a GGUF file.
#include "frontend/gguf/File.h"
#include "frontend/llm/builder/Source.h"

using namespace tensel;
using namespace tensel::llm;

namespace {
class GgufSource : public Source {
public:
  explicit GgufSource(gguf::File file) : file(std::move(file)) {}

  bool isGguf() const override { return true; }
  std::string architecture() const override {
    std::optional<gguf::Value> value = file.find("general.architecture");
    return std::string(value ? value->asString().value_or("") : "");
  }

  std::optional<int64_t> integer(Key key) const override {
    std::optional<gguf::Value> value = find(key);
    return value ? value->asSigned() : std::nullopt;
  }
  std::optional<double> number(Key key) const override {
    std::optional<gguf::Value> value = find(key);
    return value ? value->asNumber() : std::nullopt;
  }
  std::optional<bool> boolean(Key key) const override {
    std::optional<gguf::Value> value = find(key);
    return value ? value->asBool() : std::nullopt;
  }
  std::optional<std::string> string(Key key) const override {
    std::optional<gguf::Value> value = find(key);
    std::optional<std::string_view> text = value ? value->asString() : std::nullopt;
    return text ? std::optional<std::string>(*text) : std::nullopt;
  }
  llvm::SmallVector<double> numbers(Key key) const override {
    llvm::SmallVector<double> result;
    forEach(key, [&](const gguf::Value &value) { result.push_back(value.asNumber().value_or(value.asBool().value_or(false))); });
    return result;
  }
  llvm::SmallVector<std::string> strings(Key key) const override {
    llvm::SmallVector<std::string> result;
    forEach(key, [&](const gguf::Value &value) { result.emplace_back(value.asString().value_or("")); });
    return result;
  }

  std::optional<WeightPlace> weight(llvm::StringRef name) const override {
    const gguf::Tensor *tensor = file.findTensor({name.data(), name.size()});
    if (!tensor)
      return std::nullopt;
    WeightPlace place{file.path(), tensor->offset, tensor->bytes(), {}, std::string(tensor->type->name)};
    for (uint32_t d = tensor->rank; d-- > 0;)
      place.dims.push_back(tensor->dims[d]);
    return place;
  }

private:
  std::optional<gguf::Value> find(Key key) const {
    llvm::SmallVector<llvm::StringRef> names;
    key.gguf.split(names, '|', -1, false);
    for (llvm::StringRef name : names)
      if (std::optional<gguf::Value> value = file.find(architecture() + "." + name.str()))
        return value;
    return std::nullopt;
  }
  template <typename Body>
  void forEach(Key key, Body body) const {
    std::optional<gguf::Value> value = find(key);
    std::optional<gguf::Array> array = value ? value->asArray() : std::nullopt;
    while (array)
      if (std::optional<gguf::Value> element = array->next())
        body(*element);
      else
        return;
  }

  gguf::File file;
};
} // namespace

std::unique_ptr<Source> tensel::llm::openGguf(const std::string &path, std::string &error) {
  std::optional<gguf::File> file = gguf::File::open(path, error);
  return file ? std::make_unique<GgufSource>(std::move(*file)) : nullptr;
}
