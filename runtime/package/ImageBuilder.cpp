// ELF64 -> image, see ImageBuilder.h. Program headers give the segments, section headers the symbols and relocations.
#include "runtime/package/ImageBuilder.h"
#include "runtime/src/Imports.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <set>

using namespace tensel::rt;

namespace {

/// A bounds-checked look at the file.
class Reader {
public:
  Reader(const void *elf, size_t size, ImageData &image, std::map<std::string, uint32_t> &symbols)
      : file(static_cast<const uint8_t *>(elf)), size(size), image(image), symbols(symbols) {}
  std::string read();

private:
  struct Relocation {
    Elf64_Rela rela;
    Elf64_Sym symbol;
    std::string name;
  };

  template <typename T>
  bool at(uint64_t offset, T &value) const {
    if (offset > size || size - offset < sizeof value)
      return false;
    memcpy(&value, file + offset, sizeof value);
    return true;
  }
  bool stringAt(const Elf64_Shdr &table, uint64_t offset, std::string &text) const;
  std::string readSegments();
  std::string addSegment(uint64_t begin, uint64_t end, uint64_t fileEnd, uint32_t prot);
  std::string readSections();
  std::string readSymbols(const Elf64_Shdr &section);
  std::string readRelocations(const Elf64_Shdr &section);
  std::string apply(const Relocation &relocation);

  const uint8_t *file;
  size_t size;
  ImageData &image;
  std::map<std::string, uint32_t> &symbols;
  Elf64_Ehdr header{};
  std::vector<Elf64_Shdr> sections;
  std::map<std::string, std::vector<uint32_t>> imports;
  std::set<std::string> unknownImports;
};

std::string number(uint64_t value) { return std::to_string(value); }

bool Reader::stringAt(const Elf64_Shdr &table, uint64_t offset, std::string &text) const {
  if (table.sh_type != SHT_STRTAB || table.sh_offset > size || table.sh_size > size - table.sh_offset || offset >= table.sh_size)
    return false;
  const char *begin = reinterpret_cast<const char *>(file + table.sh_offset + offset);
  size_t room = table.sh_size - offset, length = strnlen(begin, room);
  text.assign(begin, length);
  return length < room;
}

std::string Reader::addSegment(uint64_t begin, uint64_t end, uint64_t fileEnd, uint32_t prot) {
  uint64_t before = image.segments.empty() ? 0 : image.segments.back().offset + image.segments.back().size;
  begin &= ~(imagePage - 1);
  if (begin < before)
    return "two segments share the page at " + number(begin) + ", expected one for each protection";
  image.segments.push_back({begin, end - begin, std::min(fileEnd, end) - std::min(begin, fileEnd), prot});
  return {};
}

/// PT_LOAD gives the bytes and protections; PT_GNU_RELRO says what is read only after relocation.
std::string Reader::readSegments() {
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return "program headers of " + number(header.e_phentsize) + " bytes, expected " + number(sizeof(Elf64_Phdr));
  std::vector<Elf64_Phdr> loads;
  uint64_t relroBegin = 0, relroEnd = 0;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program;
    if (!at(header.e_phoff + i * sizeof program, program))
      return "program header " + number(i) + " is outside the file";
    if (program.p_type == PT_TLS)
      return "thread-local storage is not possible in an image";
    if (program.p_type == PT_LOAD && program.p_memsz)
      loads.push_back(program);
    if (program.p_type == PT_GNU_RELRO) {
      relroBegin = program.p_vaddr;
      relroEnd = program.p_vaddr + program.p_memsz;
    }
  }
  if (loads.empty())
    return "found no loadable segment";
  for (const Elf64_Phdr &load : loads) {
    if (load.p_offset > size || load.p_filesz > size - load.p_offset || load.p_filesz > load.p_memsz ||
        load.p_vaddr > maxImageBytes || load.p_memsz > maxImageBytes - load.p_vaddr)
      return "the segment at " + number(load.p_vaddr) + " is outside the file or larger than 2^31 bytes";
    uint64_t begin = load.p_vaddr, end = begin + load.p_memsz, fileEnd = begin + load.p_filesz;
    uint32_t prot = protRead | (load.p_flags & PF_W ? protWrite : 0) | (load.p_flags & PF_X ? protExecute : 0);
    // Linkers leave gaps of a page; more would only be zeros in the package.
    if (fileEnd > (uint64_t(1) << 20) + 4 * uint64_t(size))
      return "the segment at " + number(begin) + " is far from the others";
    if ((prot & protWrite) && (prot & protExecute))
      return "the segment at " + number(begin) + " is writable and executable";
    std::string error;
    if ((prot & protWrite) && relroBegin <= begin && relroEnd > begin) {
      // The linker pads this part to a page's end.
      uint64_t split = std::min(relroEnd, end);
      if (split % imagePage && split != end)
        return "the read-only data at " + number(relroBegin) + " does not end at a page";
      error = addSegment(begin, split, fileEnd, protRead);
      if (error.empty() && split < end)
        error = addSegment(split, end, std::max(fileEnd, split), prot);
    } else {
      error = addSegment(begin, end, fileEnd, prot);
    }
    if (!error.empty())
      return error;
    image.bytes.resize(std::max<uint64_t>(image.bytes.size(), fileEnd));
    memcpy(image.bytes.data() + begin, file + load.p_offset, load.p_filesz);
  }
  return {};
}

std::string Reader::readSymbols(const Elf64_Shdr &section) {
  if (section.sh_link >= sections.size() || section.sh_entsize != sizeof(Elf64_Sym))
    return "a symbol table has no strings or a wrong entry size";
  uint64_t imageBytes = image.segments.back().offset + image.segments.back().size;
  for (uint64_t i = 1; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
    Elf64_Sym symbol;
    std::string name;
    if (!at(section.sh_offset + i * sizeof symbol, symbol) || !stringAt(sections[section.sh_link], symbol.st_name, name))
      return "symbol " + number(i) + " is outside the file";
    unsigned type = ELF64_ST_TYPE(symbol.st_info);
    bool isDefined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE;
    if (isDefined && (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE) && !name.empty()) {
      if (symbol.st_value > imageBytes)
        return "symbol '" + name + "' is outside the image";
      symbols.try_emplace(name, uint32_t(symbol.st_value));
    }
  }
  return {};
}

std::string Reader::apply(const Relocation &relocation) {
  const auto &[rela, symbol, name] = relocation;
  uint64_t slot = rela.r_offset;
  unsigned type = ELF64_R_TYPE(rela.r_info);
  std::string place = "relocation at " + number(slot);
  auto segment = std::find_if(image.segments.begin(), image.segments.end(), [&](const SegmentData &candidate) {
    return slot >= candidate.offset && slot - candidate.offset < candidate.size;
  });
  if (slot % 8 || segment == image.segments.end() || segment->offset + segment->size - slot < 8 || (segment->prot & protExecute))
    return place + ": expected an aligned slot in a data segment";
  bool isSymbolic = type == R_X86_64_64 || type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT;
  if (type == R_X86_64_NONE)
    return {};
  if (type != R_X86_64_RELATIVE && !isSymbolic)
    return place + " has type " + number(type) + ", expected relative, 64, glob_dat or jump_slot";
  if (segment->offset + segment->fileSize < slot + 8) {
    segment->fileSize = slot + 8 - segment->offset;
    image.bytes.resize(std::max<uint64_t>(image.bytes.size(), slot + 8));
  }
  uint64_t addend = type == R_X86_64_RELATIVE || type == R_X86_64_64 ? uint64_t(rela.r_addend) : 0;
  if (isSymbolic && symbol.st_shndx == SHN_UNDEF) {
    memset(image.bytes.data() + slot, 0, 8);
    if (ELF64_ST_BIND(symbol.st_info) == STB_WEAK && !findImport(name.c_str()))
      return {};
    if (addend)
      return place + " adds " + number(addend) + " to '" + name + "', expected the function itself";
    imports[name].push_back(uint32_t(slot));
    if (!findImport(name.c_str()))
      unknownImports.insert(name);
    return {};
  }
  uint64_t target = addend + (isSymbolic ? symbol.st_value : 0);
  if (target > image.segments.back().offset + image.segments.back().size)
    return place + " points outside the image";
  memcpy(image.bytes.data() + slot, &target, sizeof target);
  image.relativeRelocs.push_back(uint32_t(slot));
  return {};
}

std::string Reader::readRelocations(const Elf64_Shdr &section) {
  if (section.sh_entsize != sizeof(Elf64_Rela))
    return "relocations of " + number(section.sh_entsize) + " bytes, expected " + number(sizeof(Elf64_Rela));
  for (uint64_t i = 0; i < section.sh_size / sizeof(Elf64_Rela); ++i) {
    Relocation relocation{};
    if (!at(section.sh_offset + i * sizeof(Elf64_Rela), relocation.rela))
      return "relocation " + number(i) + " is outside the file";
    uint64_t index = ELF64_R_SYM(relocation.rela.r_info);
    if (index) {
      if (section.sh_link >= sections.size())
        return "relocation " + number(i) + " has no symbol table";
      const Elf64_Shdr &table = sections[section.sh_link];
      if (table.sh_type != SHT_DYNSYM || table.sh_link >= sections.size() || index >= table.sh_size / sizeof(Elf64_Sym) ||
          !at(table.sh_offset + index * sizeof(Elf64_Sym), relocation.symbol) ||
          !stringAt(sections[table.sh_link], relocation.symbol.st_name, relocation.name))
        return "relocation " + number(i) + " has no symbol";
    }
    if (std::string error = apply(relocation); !error.empty())
      return error;
  }
  return {};
}

std::string Reader::readSections() {
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0)
    return "found no section headers";
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    if (!at(header.e_shoff + i * sizeof section, section))
      return "section header " + number(i) + " is outside the file";
    sections.push_back(section);
  }
  for (const Elf64_Shdr &section : sections) {
    bool isLoaded = section.sh_flags & SHF_ALLOC;
    std::string error;
    if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM)
      error = readSymbols(section);
    else if (section.sh_type == SHT_RELA && isLoaded)
      error = readRelocations(section);
    else if (isLoaded && section.sh_size &&
             (section.sh_type == SHT_INIT_ARRAY || section.sh_type == SHT_FINI_ARRAY || section.sh_type == SHT_PREINIT_ARRAY))
      error = "found initialisers, which an image cannot run";
    else if (isLoaded && (section.sh_type == SHT_REL || section.sh_type == 19 /* SHT_RELR */))
      error = "found relocations of type " + number(section.sh_type) + ", expected rela";
    if (!error.empty())
      return error;
  }
  return {};
}

std::string Reader::read() {
  if (!at(0, header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return "not an ELF file";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64 ||
      header.e_type != ET_DYN)
    return "found class " + number(header.e_ident[EI_CLASS]) + ", machine " + number(header.e_machine) + ", type " +
           number(header.e_type) + ", expected a 64-bit x86-64 shared object";
  if (header.e_phoff > size || header.e_shoff > size)
    return "the headers are outside the file";
  std::string error = readSegments();
  if (error.empty())
    error = readSections();
  if (!error.empty())
    return error;
  if (!unknownImports.empty()) {
    error = "the runtime does not have";
    for (const std::string &name : unknownImports)
      error += (name == *unknownImports.begin() ? " '" : ", '") + name + "'";
    return error;
  }
  std::sort(image.relativeRelocs.begin(), image.relativeRelocs.end());
  for (auto &[name, slots] : imports) {
    std::sort(slots.begin(), slots.end());
    image.imports.push_back({name, std::move(slots)});
  }
  return {};
}

} // namespace

std::string ImageBuilder::parse(const void *elf, size_t size) {
  image = {};
  symbols.clear();
  std::string error = Reader(elf, size, image, symbols).read();
  return error.empty() ? error : "code image: " + error;
}

std::optional<uint32_t> ImageBuilder::find(const std::string &symbol) const {
  auto found = symbols.find(symbol);
  return found == symbols.end() ? std::nullopt : std::optional(found->second);
}
