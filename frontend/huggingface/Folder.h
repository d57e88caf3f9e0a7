// A Hugging Face model folder: its configuration and its weights, one
// safetensors file or the shards that an index lists. Every file is opened
// inside of the folder only.
#ifndef TENSEL_FRONTEND_HUGGINGFACE_FOLDER_H
#define TENSEL_FRONTEND_HUGGINGFACE_FOLDER_H

#include "frontend/common/Json.h"
#include "frontend/huggingface/SafeTensors.h"

namespace tensel::huggingface {

/// A JSON file and the bytes that it points into.
struct Document {
  std::shared_ptr<MappedFile> file;
  Json json;
};

class Folder {
public:
  /// Empty with `error` set (one line) when config.json or the weights are missing or wrong.
  static std::optional<Folder> open(const std::string &path, std::string &error);

  std::string path;
  Document config;
  std::optional<Document> generationConfig, tokenizerConfig;
  /// The path of tokenizer.json; empty when there is none. It is read by whoever needs it.
  std::string tokenizer;
  /// The files of weights, in the order of their names.
  std::vector<SafeTensors> shards;

  struct Place {
    const Tensor *tensor;
    const MappedFile *file;
  };
  std::optional<Place> find(std::string_view name) const;

private:
  explicit Folder(Document config) : config(std::move(config)) {}
  bool openWeights(std::string &error);
  bool openShards(const Json &index, std::string &error);
  bool openShard(const std::string &name, std::string &error);
};

} // namespace tensel::huggingface

#endif // TENSEL_FRONTEND_HUGGINGFACE_FOLDER_H
