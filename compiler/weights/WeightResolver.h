// Finds the bytes that a graph.weight names. The reference interpreter, constant folding and the package writer
// share one resolver, so a file is mapped once, checked against its size, and never copied.
#ifndef TENSEL_COMPILER_WEIGHTS_WEIGHTRESOLVER_H
#define TENSEL_COMPILER_WEIGHTS_WEIGHTRESOLVER_H

#include "dialects/graph/Graph.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <string>
#include <vector>

namespace tensel {

class WeightResolver {
public:
  /// Without a directory, paths are taken as they stand, as an importer wrote and checked them. With one (a module
  /// that came as text), they are relative to it and may neither leave it nor go through links.
  explicit WeightResolver(std::string directory = "");
  ~WeightResolver();
  WeightResolver(const WeightResolver &) = delete;
  WeightResolver &operator=(const WeightResolver &) = delete;

  /// All bytes of the weight: little-endian, row-major, a byte for each bool, at any alignment. They live as long as
  /// the resolver (bytes of a resource: as long as the context). Emits one error at the weight.
  llvm::FailureOr<llvm::ArrayRef<char>> resolve(graph::WeightOp weight);

  /// The bytes of an elements attribute in the same form; splats and bools are written out into the resolver.
  llvm::FailureOr<llvm::ArrayRef<char>> resolve(mlir::ElementsAttr elements, mlir::Location loc);

  /// Bytes that are in a mapped file need not stay in memory; they are read again when someone looks.
  void release(llvm::ArrayRef<char> bytes) const;

private:
  struct File {
    const char *bytes = nullptr;
    size_t size = 0;
  };
  llvm::FailureOr<File> open(llvm::StringRef path, mlir::Location loc);

  std::string directory;
  llvm::StringMap<File> files;
  llvm::DenseMap<mlir::Attribute, std::vector<char>> written;
};

/// The bytes of `elements` in the form of a weight, into `storage` where the attribute holds them differently.
llvm::FailureOr<llvm::ArrayRef<char>> elementBytes(mlir::ElementsAttr elements, std::vector<char> &storage, mlir::Location loc);

} // namespace tensel
#endif // TENSEL_COMPILER_WEIGHTS_WEIGHTRESOLVER_H
