// Loading models: choose the code, load it, build the tables. See Model.h.
#include "runtime/src/Model.h"
#include "runtime/package/Format.h"
#include "runtime/package_generated.h"
#include "runtime/src/CpuLevel.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace tensel::rt;
using flatbuffers::uoffset_t;

template <typename T>
static uoffset_t sizeOf(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

static tensel_status_t outOfMemory(Error &error) { return error.set(TENSEL_OUT_OF_MEMORY, "no memory for the model's tables"); }

const fb::Function &tensel_model::function(size_t index) const { return *package.metadata().functions()->Get(uoffset_t(index)); }

tensel_status_t tensel_model::buildTables(Error &error) {
  const fb::Package &metadata = package.metadata();
  uoffset_t functions = sizeOf(metadata.functions());
  size_t tensorCount = 0, dimCount = 0;
  for (const fb::Function *function : *metadata.functions())
    for (auto *list : {function->inputs(), function->outputs()})
      for (uoffset_t i = 0; i < sizeOf(list); ++i, ++tensorCount)
        dimCount += sizeOf(list->Get(i)->dims());
  if (!firstTensor.allocate(functions + 1) || !inputCounts.allocate(functions) || !tensors.allocate(tensorCount) ||
      !dims.allocate(dimCount) || !dimSymbols.allocate(dimCount) || !symbols.allocate(sizeOf(metadata.symbols())) ||
      !weights.allocate(sizeOf(metadata.weights())) || !kernels.allocate(sizeOf(metadata.kernels())) ||
      !entries.allocate(functions))
    return outOfMemory(error);

  size_t tensor = 0, dim = 0;
  for (uoffset_t f = 0; f < functions; ++f) {
    const fb::Function &function = *metadata.functions()->Get(f);
    firstTensor[f] = uint32_t(tensor);
    inputCounts[f] = sizeOf(function.inputs());
    for (auto *list : {function.inputs(), function.outputs()})
      for (uoffset_t i = 0; i < sizeOf(list); ++i) {
        const fb::TensorSig &sig = *list->Get(i);
        tensors[tensor++] = {sig.name()->c_str(), tensel_elem_type(sig.elem_type()), int32_t(sizeOf(sig.dims())),
                             dims.data() + dim,   dimSymbols.data() + dim,           sig.state()};
        for (uoffset_t d = 0; d < sizeOf(sig.dims()); ++d, ++dim) {
          dims[dim] = sig.dims()->Get(d)->value();
          dimSymbols[dim] = sig.dims()->Get(d)->symbol();
        }
      }
  }
  firstTensor[functions] = uint32_t(tensor);
  for (size_t i = 0; i < symbols.size(); ++i) {
    const fb::Symbol &symbol = *metadata.symbols()->Get(uoffset_t(i));
    symbols[i] = {symbol.name()->c_str(), symbol.min(), symbol.max(), symbol.step()};
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    const fb::Weight &weight = *metadata.weights()->Get(uoffset_t(i));
    weights[i] = package.section(size_t(weight.section())) + weight.offset();
  }
  for (size_t i = 0; i < kernels.size(); ++i) {
    const fb::Kernel &kernel = *metadata.kernels()->Get(uoffset_t(i));
    kernels[i] = {kernel.name()->c_str(), kernel.flops(), kernel.bytes()};
  }
  return TENSEL_OK;
}

/// The code objects' levels as "a, b".
static void listLevels(const fb::Package &metadata, char (&text)[200]) {
  size_t used = 0;
  text[0] = 0;
  for (const fb::CodeObject *object : *metadata.code()) {
    int length = snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", object->level()->c_str());
    used = std::min(used + size_t(length), sizeof text - 1);
  }
}

/// Takes the highest level that the machine has and loads its image.
tensel_status_t tensel_model::loadCode(Error &error) {
  const fb::Package &metadata = package.metadata();
#if defined(__x86_64__)
  constexpr const char *arch = "x86_64";
#elif defined(__aarch64__)
  constexpr const char *arch = "aarch64";
#endif
  if (strcmp(metadata.target_arch()->c_str(), arch) != 0)
    return error.set(TENSEL_UNSUPPORTED, "the package is for '%.40s', this machine is '%s'", metadata.target_arch()->c_str(),
                     arch);
  if (sizeOf(metadata.code()) == 0)
    return error.set(TENSEL_UNSUPPORTED, "the package holds no code; it belongs to a program it is linked with");

  int usable = usableCpuLevel(), bestRank = 0;
  if (!usable)
    return error.set(TENSEL_INVALID_ARGUMENT,
                     "TENSEL_CPU_LEVEL: found '%.40s', expected x86-64, x86-64-v2, x86-64-v3 or x86-64-v4",
                     getenv("TENSEL_CPU_LEVEL"));
  const fb::CodeObject *best = nullptr;
  for (const fb::CodeObject *object : *metadata.code())
    if (int rank = cpuLevelRank(object->level()->c_str()); rank <= usable && rank > bestRank) {
      best = object;
      bestRank = rank;
    }
  if (!best) {
    char levels[200];
    listLevels(metadata, levels);
    return error.set(TENSEL_UNSUPPORTED, "the package has code for %s; this machine offers %s", levels, cpuLevelName(usable));
  }
  if (tensel_status_t status = image.load(*best, package.section(size_t(best->section())), error); status != TENSEL_OK)
    return status;
  level = best->level()->c_str();
  for (size_t i = 0; i < entries.size(); ++i)
    entries[i] = reinterpret_cast<tensel_entry_fn>(uintptr_t(image.at(best->entries()->Get(uoffset_t(i))->offset())));
  return TENSEL_OK;
}

tensel_status_t tensel_model::loadFile(const char *path, Error &error) {
  if (tensel_status_t status = package.openFile(path, Hashes::Check, error); status != TENSEL_OK)
    return status;
  tensel_status_t status = buildTables(error);
  if (status == TENSEL_OK)
    status = loadCode(error);
  if (status != TENSEL_OK)
    error.prefix(path);
  return status;
}

tensel_status_t tensel_model::loadMemory(const void *data, size_t size, Error &error, Hashes hashes) {
  tensel_status_t status = package.openMemory(data, size, hashes, error);
  if (status == TENSEL_OK)
    status = buildTables(error);
  return status == TENSEL_OK ? loadCode(error) : status;
}

tensel_status_t tensel_model::loadStatic(const tensel_static_model &description, Error &error) {
  if (description.abi_version != TENSEL_KERNEL_ABI_VERSION)
    return error.set(TENSEL_UNSUPPORTED, "kernel ABI version of the linked model: found %u, expected %d", description.abi_version,
                     TENSEL_KERNEL_ABI_VERSION);
  tensel_status_t status = package.openMemory(description.package, description.package_size, Hashes::Check, error);
  if (status == TENSEL_OK)
    status = buildTables(error);
  if (status != TENSEL_OK)
    return status;
  int usable = usableCpuLevel(), bestRank = 0;
  const tensel_static_level *best = nullptr;
  for (uint32_t i = 0; i < description.level_count; ++i)
    if (int rank = cpuLevelRank(description.levels[i].level); rank <= usable && rank > bestRank) {
      best = &description.levels[i];
      bestRank = rank;
    }
  if (!best)
    return error.set(TENSEL_UNSUPPORTED, "none of the %u code levels of the linked model runs on this machine (%s)",
                     description.level_count, cpuLevelName(usable));
  level = best->level;
  for (size_t i = 0; i < entries.size(); ++i)
    entries[i] = best->entries[i];
  return TENSEL_OK;
}
