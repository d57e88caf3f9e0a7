// What a tool adds to a verifier: inputs from .npy files, and a folder to see a broken promise again by.
#ifndef TENSEL_TOOLS_VERIFY_REPRODUCER_H
#define TENSEL_TOOLS_VERIFY_REPRODUCER_H

#include "compiler/verification/Verifier.h"
#include "tools/tensel/HostTensor.h"

namespace tensel::cli {

/// Copies the elements.
reference::Tensor toReference(const HostTensor &tensor);
/// False when there is no memory.
[[nodiscard]] bool toHost(const reference::Tensor &tensor, HostTensor &host);

/// Reads "NAME=@FILE.npy" each; the message names `option`.
llvm::Expected<verification::GivenInputs> readGivenInputs(const std::vector<std::string> &texts, const char *option);

/// As a word of a shell's command.
std::string shellWord(const std::string &text);
/// FOLDER/PREFIX-K.npy for each; the folder is made.
llvm::Error writeTensors(const std::string &folder, const std::string &prefix, llvm::ArrayRef<reference::Tensor> tensors);

/// FOLDER/before.mlir with the text of a module, and FOLDER/command.sh with a command that reads it.
llvm::Error writeCommand(const std::string &folder, const std::string &module, const std::string &command);

/// Writes before.mlir, input-K.npy and command.sh to the folder, which is made; the command, which ends in `flags`. The error names what
/// failed.
llvm::Expected<std::string> writeReproducer(const verification::BrokenPromise &broken, const std::string &folder,
                                            const std::string &flags = "");

/// The error's message and where the reproducer is (or why there is none) become one error.
llvm::Error withReproducer(llvm::Error error, const verification::Verifier &verifier, const std::string &folder,
                           const std::string &flags = "");

} // namespace tensel::cli
#endif // TENSEL_TOOLS_VERIFY_REPRODUCER_H
