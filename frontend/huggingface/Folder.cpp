// Opens the files of a model folder; see Folder.h.
#include "frontend/huggingface/Folder.h"

#include <algorithm>
#include <sys/stat.h>
#include <unordered_map>

using namespace tensel;
using namespace tensel::huggingface;

static constexpr uint64_t maxConfig = 16 << 20, maxIndex = 100'000'000;

static bool exists(const std::string &folder, const char *name) {
  struct stat info;
  return lstat((folder + "/" + name).c_str(), &info) == 0;
}

static std::optional<Document> openJson(const std::string &folder, const char *name, uint64_t limit, std::string &error) {
  std::shared_ptr<MappedFile> file = MappedFile::openBeneath(folder, name, "model file", error);
  if (!file)
    return std::nullopt;
  Bytes bytes = file->bytes();
  if (bytes.size() > limit) {
    error = file->path() + ": found " + std::to_string(bytes.size()) + " bytes, expected at most " + std::to_string(limit);
    return std::nullopt;
  }
  std::optional<Json> json = Json::parse({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, error);
  if (json && json->kind() != Json::Kind::Object) {
    error = std::string("found ") + json->kindName() + ", expected an object";
    json.reset();
  }
  if (!json) {
    error = file->path() + ": " + error;
    return std::nullopt;
  }
  return Document{std::move(file), *json};
}

bool Folder::openShard(const std::string &name, std::string &error) {
  std::shared_ptr<MappedFile> file = MappedFile::openBeneath(path, name, "weight file", error);
  std::optional<SafeTensors> shard = file ? SafeTensors::read(std::move(file), error) : std::nullopt;
  if (!shard)
    return false;
  shards.push_back(std::move(*shard));
  return true;
}

bool Folder::openShards(const Json &index, std::string &error) {
  const std::string who = path + "/model.safetensors.index.json: ";
  std::optional<Json> map = index.find("weight_map");
  if (!map || map->kind() != Json::Kind::Object) {
    error = who + "weight_map is " + (map ? map->kindName() : "missing") + ", expected an object of tensor and file names";
    return false;
  }
  std::vector<std::pair<std::string, std::string>> entries; // file and tensor
  for (JsonItems items(*map); items.next();) {
    std::optional<std::string> file = items.value().asString();
    if (!file || !file->ends_with(".safetensors")) {
      error = who + "tensor '" + items.key().substr(0, 200) + "' is in " + (file ? "'" + file->substr(0, 200) + "'" : "no file") +
              ", expected the name of a .safetensors file";
      return false;
    }
    entries.emplace_back(std::move(*file), items.key());
  }
  std::sort(entries.begin(), entries.end());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto &[file, tensor] = entries[i];
    if (i && entries[i - 1] == entries[i]) {
      error = who + "tensor '" + tensor.substr(0, 200) + "' is listed twice";
      return false;
    }
    if ((i == 0 || entries[i - 1].first != file) && !openShard(file, error))
      return false;
    if (!shards.back().find(tensor)) {
      error = who + "tensor '" + tensor.substr(0, 200) + "' is not in '" + file + "', where it should be";
      return false;
    }
  }
  // A tensor that two files hold would be read from either.
  std::unordered_map<std::string_view, const SafeTensors *> seen;
  for (const SafeTensors &shard : shards)
    for (const Tensor &tensor : shard.tensors)
      if (auto [known, isNew] = seen.emplace(tensor.name, &shard); !isNew) {
        error = who + "tensor '" + tensor.name.substr(0, 200) + "' is in '" + known->second->file->path() + "' and in '" +
                shard.file->path() + "'";
        return false;
      }
  return true;
}

bool Folder::openWeights(std::string &error) {
  if (exists(path, "model.safetensors"))
    return openShard("model.safetensors", error);
  if (exists(path, "model.safetensors.index.json")) {
    std::optional<Document> index = openJson(path, "model.safetensors.index.json", maxIndex, error);
    return index && openShards(index->json, error);
  }
  for (const char *other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"})
    if (exists(path, other)) {
      error = path + ": found '" + other + "', expected model.safetensors or model.safetensors.index.json";
      return false;
    }
  error = path + ": no weights, expected model.safetensors or model.safetensors.index.json";
  return false;
}

std::optional<Folder> Folder::open(const std::string &path, std::string &error) {
  std::optional<Document> config = openJson(path, "config.json", maxConfig, error);
  if (!config)
    return std::nullopt;
  Folder folder(std::move(*config));
  folder.path = path;
  for (auto [name, document] : {std::pair("generation_config.json", &folder.generationConfig),
                                std::pair("tokenizer_config.json", &folder.tokenizerConfig)})
    if (exists(path, name) && !(*document = openJson(path, name, maxConfig, error)))
      return std::nullopt;
  if (exists(path, "tokenizer.json")) {
    if (!MappedFile::openBeneath(path, "tokenizer.json", "model file", error))
      return std::nullopt;
    folder.tokenizer = path + "/tokenizer.json";
  }
  if (!folder.openWeights(error))
    return std::nullopt;
  return folder;
}

std::optional<Folder::Place> Folder::find(std::string_view name) const {
  for (const SafeTensors &shard : shards)
    if (const Tensor *tensor = shard.find(name))
      return Place{tensor, shard.file.get()};
  return std::nullopt;
}
