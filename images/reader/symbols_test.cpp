// SPDX-License-Identifier: MIT
#include "symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "text.h"

namespace {

using testing::HasSubstr;

std::vector<symbol> parsed(const std::string& text) {
  std::vector<symbol> symbols(SYMBOLS_LIMIT);
  symbols.resize(parse_addresses(text.data(), text.size(), symbols.data()));
  return symbols;
}

TEST(Addresses, AreTakenOnlyAscendingAndWhole) {
  const std::vector<symbol> symbols = parsed("1 ffffffff81000000 ffffffffffffffff");
  ASSERT_EQ(symbols.size(), 3u);
  EXPECT_EQ(symbols[0].address, 1u);
  EXPECT_EQ(symbols[1].address, 0xffffffff81000000u);
  EXPECT_EQ(symbols[2].address, UINT64_MAX);
  for (const char* bad :
       {"", " 1", "1 ", "1  2", "2 1", "1 1", "0x1", "1,2", "-1", "G", "1\n", "11111111111111111"})
    EXPECT_EQ(parsed(bad).size(), 0u) << bad;
}

TEST(Addresses, AreSoManyAtMost) {
  std::string text;
  char word[18];
  for (unsigned i = 0; i < SYMBOLS_LIMIT; ++i) {
    std::snprintf(word, sizeof word, "%s%x", i ? " " : "", 0x1000 + i);
    text += word;
  }
  EXPECT_EQ(parsed(text).size(), SYMBOLS_LIMIT);
  EXPECT_EQ(parsed(text + " ffffff").size(), 0u);
}

class Kallsyms : public testing::Test {
 protected:
  ~Kallsyms() override { std::remove(path_.c_str()); }

  // Returns "module:name", "name", or "" where it is unknown; or "hidden: WHY".
  std::string at(const std::string& file, std::uint64_t address) {
    std::ofstream(path_) << file;
    symbol one{};
    one.address = address;
    if (const char* why = find_symbols(path_.c_str(), &one, 1))
      return std::string("hidden: ") + why;
    return one.module[0] ? std::string(one.module) + ":" + one.name : one.name;
  }

  const std::string path_ =
      testing::TempDir() + "reader_test_kallsyms" + std::to_string(::getpid());
};

const std::string plain =
    "0000000000000000 A fixed_percpu_data\n"
    "ffffffff81000000 T _text\n"
    "ffffffff81000000 T startup_64\n"
    "ffffffff81000000 T alias\n"
    "ffffffff81000100 t pci_conf1_read\n"
    "ffffffff81000180 t pci_conf1_write\n"
    "ffffffff81000200 T _etext\n"
    "ffffffff81400000 D jiffies\n"
    "ffffffff81400100 T _sinittext\n"
    "ffffffff81400100 t set_init_arg\n"
    "ffffffffc0002000 t vp_notify\t[virtio_pci]\n"
    "ffffffffc0001000 t virtblk_probe\t[virtio_blk]\n"
    "ffffffffc0001800 d virtblk_table\t[virtio_blk]\n"
    "ffffffffc0001400 t virtio_queue_rq\t[virtio_blk]\n";

TEST_F(Kallsyms, GiveTheFunctionAtOrBelowAnAddress) {
  EXPECT_EQ(at(plain, 0xffffffff81000100), "pci_conf1_read");
  EXPECT_EQ(at(plain, 0xffffffff8100017f), "pci_conf1_read");
  EXPECT_EQ(at(plain, 0xffffffff81000180), "pci_conf1_write");
}

// Modules come in the order in which they were loaded; within one the order is any.
TEST_F(Kallsyms, GiveAModulesFunctionThoughTheFileIsNotSortedThere) {
  EXPECT_EQ(at(plain, 0xffffffffc0001010), "virtio_blk:virtblk_probe");
  EXPECT_EQ(at(plain, 0xffffffffc0001410), "virtio_blk:virtio_queue_rq");
  EXPECT_EQ(at(plain, 0xffffffffc0002fff), "virtio_pci:vp_notify");
}

TEST_F(Kallsyms, GiveTheFirstOfTwoNamesButNotTheMarkOfASection) {
  EXPECT_EQ(at(plain, 0xffffffff81000010), "startup_64");
  EXPECT_EQ(at(plain, 0xffffffff81400110), "set_init_arg");
}

TEST_F(Kallsyms, GiveNothingForWhatIsNoCode) {
  EXPECT_EQ(at(plain, 0xffffffff81000210), "") << "behind the end of the text";
  EXPECT_EQ(at(plain, 0xffffffff81400010), "") << "data";
  EXPECT_EQ(at(plain, 0xffffffffc0001810), "") << "a module's data";
  EXPECT_EQ(at(plain, 0xffffffff80ffffff), "") << "below all";
  EXPECT_EQ(at(plain, 0xffffffffc0012000), "") << "too far behind";
  EXPECT_EQ(at(plain, 0x10), "") << "a variable of each CPU";
}

TEST_F(Kallsyms, ThatAreHiddenOrMissingSayWhy) {
  EXPECT_THAT(at("0000000000000000 T a\n0000000000000000 t b\t[m]\n", 0xffffffff81000000),
              HasSubstr("hidden: the kernel hides its addresses (kptr_restrict)"));
  EXPECT_THAT(at("", 1), HasSubstr("kptr_restrict"));
  symbol one{};
  EXPECT_STREQ(find_symbols("/nonexistent/kallsyms", &one, 1), "No such file or directory");
}

TEST_F(Kallsyms, HostileLinesAreBoundedAndTheNextOnesAreStillRead) {
  const std::string long_name(1 << 20, 'a');
  const std::string file = "ffffffff81000000 T first\nffffffff81000100 T " + long_name +
                           "\nffffffff81000200 T " + std::string(200, 'b') +
                           "\nffffffff81000300 T " + std::string(201, 'c') +
                           "\nffffffff81000400 T d\t[" + std::string(65, 'm') + "]\n" +
                           "garbage\n\nffffffff81000500\nffffffff81000500 T\n zz T x\n" +
                           "ffffffff81000500 T e\t[m\n" + "ffffffff81000600 T last";
  EXPECT_EQ(at(file, 0xffffffff81000000), "first");
  EXPECT_EQ(at(file, 0xffffffff81000100), "");
  EXPECT_EQ(at(file, 0xffffffff81000200), std::string(200, 'b'));
  EXPECT_EQ(at(file, 0xffffffff81000300), "");
  EXPECT_EQ(at(file, 0xffffffff81000400), "d");
  EXPECT_EQ(at(file, 0xffffffff81000500), "m:e");
  EXPECT_EQ(at(file, 0xffffffff81000600), "last");
}

// Tries the largest request, in one pass over this machine's own file.
TEST_F(Kallsyms, OfThisMachineNameItsFunctions) {
  std::ifstream file("/proc/kallsyms");
  std::vector<std::pair<std::uint64_t, std::string>> known;
  std::string address, type, name, rest;
  std::size_t lines = 0;
  while (file >> address >> type >> name && std::getline(file, rest)) {
    const std::uint64_t value = std::stoull(address, nullptr, 16);
    if (++lines % 64 == 0 && (type == "t" || type == "T") && value != 0 &&
        (known.empty() || value > known.back().first) && known.size() < SYMBOLS_LIMIT)
      known.emplace_back(value, name);
  }
  if (known.size() < 100) GTEST_SKIP() << "/proc/kallsyms hides its addresses from this user";
  std::vector<symbol> symbols(known.size());
  for (std::size_t i = 0; i < known.size(); ++i) symbols[i].address = known[i].first;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(find_symbols("/proc/kallsyms", symbols.data(), symbols.size()), nullptr);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::size_t same = 0;
  for (std::size_t i = 0; i < known.size(); ++i) same += known[i].second == symbols[i].name;
  EXPECT_GT(same, known.size() * 9 / 10) << "some addresses have several names";
  RecordProperty("symbols", std::to_string(lines));
  RecordProperty("milliseconds", std::to_string(took.count()));
  std::printf("%zu symbols, %zu addresses, %zu names the same, %.0f ms\n", lines, known.size(),
              same, took.count());
}

std::string json_of(const std::vector<symbol>& symbols, std::size_t* added) {
  const auto t = std::make_unique<text>();
  text_clear(t.get());
  *added = text_add_symbols(t.get(), symbols.data(), symbols.size());
  EXPECT_FALSE(t->cut);
  return {t->bytes, t->length};
}

TEST(SymbolsText, IsAnArrayOfNamesWithTheirModules) {
  std::vector<symbol> symbols(3);
  std::strcpy(symbols[0].name, "a\"b");
  std::strcpy(symbols[2].name, "f");
  std::strcpy(symbols[2].module, "m");
  std::size_t added = 0;
  EXPECT_EQ(json_of(symbols, &added), R"([["a\u0022b"],null,["f","m"]])");
  EXPECT_EQ(added, 3u);
}

TEST(SymbolsText, NeverFillsALineWhateverTheNames) {
  std::vector<symbol> symbols(SYMBOLS_LIMIT);
  std::size_t added = 0;
  json_of(symbols, &added);
  EXPECT_EQ(added, SYMBOLS_PER_LINE);
  for (symbol& one : symbols) {
    std::memset(one.name, 1, SYMBOL_NAME);  // each byte is six of JSON
    std::memset(one.module, 1, SYMBOL_MODULE);
  }
  EXPECT_LE(json_of(symbols, &added).size() + 1000, std::size_t{LINE_LIMIT});
  EXPECT_GT(added, 50u);
}

}  // namespace
