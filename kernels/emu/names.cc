/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's name from its address. Kernels are static, and dladdr knows exported functions only; so this reads the
 * symbol table of the file that the code was loaded from.
 */
#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "internal.h"

struct place {
  uintptr_t address; /* in: absolute; out: within the file */
  std::string file;
};

static int find_object(dl_phdr_info *info, size_t, void *data) {
  place *wanted = static_cast<place *>(data);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    uintptr_t offset = wanted->address - info->dlpi_addr;
    if (segment.p_type != PT_LOAD || offset - segment.p_vaddr >= segment.p_memsz) continue;
    wanted->file = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
    wanted->address = offset;
    return 1;
  }
  return 0;
}

template <class T>
static std::vector<T> read_table(FILE *file, size_t offset, size_t bytes) {
  std::vector<T> table(bytes / sizeof(T));
  if (fseek(file, (long)offset, SEEK_SET) || fread(table.data(), sizeof(T), table.size(), file) != table.size()) {
    table.clear();
  }
  return table;
}

/* The mangled name of the function at that address, "" if the file has none. */
static std::string symbol_at(const place &where) {
  std::string name;
  FILE *file = fopen(where.file.c_str(), "rb");
  if (!file) return name;
  ElfW(Ehdr) header;
  if (fread(&header, sizeof header, 1, file) == 1) {
    auto sections = read_table<ElfW(Shdr)>(file, header.e_shoff, header.e_shnum * sizeof(ElfW(Shdr)));
    for (const auto &section : sections) {
      if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
      auto symbols = read_table<ElfW(Sym)>(file, section.sh_offset, section.sh_size);
      const auto &texts = sections[section.sh_link];
      auto text = read_table<char>(file, texts.sh_offset, texts.sh_size);
      for (const auto &symbol : symbols) {
        if ((symbol.st_info & 15) != STT_FUNC || symbol.st_value != where.address) continue;
        if (symbol.st_name < text.size()) name = text.data() + symbol.st_name;
      }
    }
  }
  fclose(file);
  return name;
}

/* "void a::kernel<3>(int, int)" -> "a::kernel<3>" */
static std::string shortened(std::string name) {
  if (!name.empty() && name.back() == ')') {
    size_t depth = 0, i = name.size();
    do {
      i--;
      depth += name[i] == ')';
      depth -= name[i] == '(';
    } while (i > 0 && depth > 0);
    name.resize(i);
  }
  if (name.rfind("void ", 0) == 0) name.erase(0, 5);
  return name;
}

static std::string name_of(const void *kernel) {
  place where = {reinterpret_cast<uintptr_t>(kernel), ""};
  dl_iterate_phdr(find_object, &where);
  std::string mangled = symbol_at(where);
  if (mangled.empty()) {
    char text[32];
    snprintf(text, sizeof text, "kernel at %p", kernel);
    return text;
  }
  int status;
  char *plain = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  std::string name = shortened(plain ? plain : mangled);
  free(plain);
  return name;
}

const char *umbra_emu_name(const void *kernel) {
  static std::mutex lock;
  static auto &names = *new std::map<const void *, std::string>(); /* never destroyed: read when the process ends */
  std::lock_guard<std::mutex> hold(lock);
  auto found = names.find(kernel);
  if (found == names.end()) found = names.emplace(kernel, name_of(kernel)).first;
  return found->second.c_str();
}
