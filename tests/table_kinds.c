/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What somebody who knows pandas' read_csv expects of tables of every kind: how they are read, what is said about them,
 * and what is refused with which remedy. Each line of the tables below is one kind.
 */
#include "table_kinds.h"

#include <zlib.h>

#include "host/base/memory.h"

/* ---- lines, quotes, separators, decimal marks ---- */

#define PLAIN "1.5 2 -|3 4 +"

static void shapes_of_text(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"commas", "a,b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"CR LF", "a,b,y\r\n1.5,2,0\r\n3,4,1\r\n", PLAIN, .said = NULL},
      {"CR alone", "a,b,y\r1.5,2,0\r3,4,1\r", PLAIN, .said = NULL},
      {"no line end at the end", "a,b,y\n1.5,2,0\n3,4,1", PLAIN, .said = NULL},
      {"blank lines everywhere", "\n\na,b,y\n \n1.5,2,0\n\t\n3,4,1\n\n", PLAIN, .said = NULL},
      {"records of separators only", "a,b,y\n1.5,2,0\n,,\n3,4,1\n,,\n", PLAIN,
       .said = "records without any value are left out: 2"},
      {"end-of-file character", "a,b,y\n1.5,2,0\n3,4,1\n\x1a\n", PLAIN, .said = NULL},
      {"comment before", "# made today\na,b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"no comment: a value is missing", "a,b,y\n#N/A,2,0\n3,4,1\n1.5,2,0\n", "3 4 +|1.5 2 -", .said = "1 of 3 records",
       .options.missing = UMBRA_MISSING_DROP},
      {"one field", "a^b^y\n1.5^2^0\n3^4^1\n", NULL, .said = "there are no features; --separator says what separates"},
      {"comment among records", "a,b,y\n1.5,2,0\n# here\n3,4,1\n", PLAIN, .said = "that begin with # are left out: 1"},
      {"everything in quotes", "\"a\",\"b\",\"y\"\n\"1.5\",\"2\",\"0\"\n\"3\",\"4\",\"1\"\n", PLAIN, .said = NULL},
      {"one number in quotes", "a,b,y\n1.5,\"2\",0\n3,4,1\n", PLAIN, .said = NULL},
      {"separator in a name", "\"a, old\",b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"line break in a name", "\"a\nold\",b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"CR LF and quotes in a name", "\"a\r\n\"\"old\"\"\",b,y\r\n1.5,2,0\r\n3,4,1\r\n", PLAIN, .said = NULL},
      {"blanks around fields", " a , b ,y \n 1.5,2 ,0\n3,\t4,1  \n", PLAIN, .said = NULL},
      {"no-break spaces around",
       "a,b,y\n\xc2\xa0"
       "1.5,2,0\n3,4\xc2\xa0,1\n",
       PLAIN, .said = NULL},
      {"semicolons", "a;b;y\n1.5;2;0\n3;4;1\n", PLAIN, .said = NULL},
      {"semicolons, no header", "1.5;2;0\n3;4;1\n", PLAIN, .said = NULL},
      {"tabs", "a\tb\ty\n1.5\t2\t0\n3\t4\t1\n", PLAIN, .said = NULL},
      {"bars", "a|b|y\n1.5|2|0\n3|4|1\n", PLAIN, .said = NULL},
      {"blanks", "a b y\n1.5 2 0\n3 4 1\n", PLAIN, .said = NULL},
      {"columns of blanks", "  a    b  y\n1.5    2  0\n  3    4  1\n", PLAIN, .said = NULL},
      {"a spreadsheet's first line", "sep=;\na;b;y\n1.5;2;0\n3;4;1\n", PLAIN, .said = NULL},
      {"separator that is given", "a;b;y\n1.5;2;0\n3;4;1\n", PLAIN, .said = NULL, .options.separator = ';'},
      {"decimal commas", "a;b;y\n1,5;2;0\n3;4;1\n", PLAIN, .said = "decimal commas, as in line 2: 1,5"},
      {"decimal commas and tabs", "a\tb\ty\n1,5\t2\t0\n3\t4\t1\n", PLAIN, .said = "decimal commas"},
      {"decimal commas, one column", "x;y\n2,041;1\n0,418;0\n", "2.041 +|0.418 -", .said = "decimal commas"},
      {"decimal commas in quotes", "a,b,y\n\"1,5\",2,0\n3,4,1\n", PLAIN, .said = "decimal commas"},
      {"decimal commas or thousands", "a;y\n1,500;0\n2,500;1\n", NULL,
       .said = "may have a decimal comma or a separator of thousands"},
      {"decimal commas that are given", "a;y\n1,500;0\n2,500;1\n", "1.5 -|2.5 +", .said = NULL, .options.decimal = ','},
      {"both marks", "a;y\n1,5;0\n2.5;1\n", NULL, .said = "line 2, column 1 (a): '1,5' is not a number"},
      {"both marks, in columns of their own", "a;b;y\n1.5;0,5;0\n2.5;0,7;1\n3.5;0,5;0\n4.5;0,7;1\n", NULL,
       .said = "line 2, column 2 (b): '0,5' is not a number; its decimal mark is not that of other numbers; write all "
               "with one, which --decimal says; --without 2 leaves out what is none, and --text"},
      {"both marks, in many values", "a;b;y\n1.5;0,51;0\n2.5;0,72;1\n3.5;0,53;0\n", NULL, .said = "'0,51' is not"},
      {"separators at line ends", "a,b,y,\n1.5,2,0,\n3,4,1,\n", PLAIN, .said = NULL},
      {"separators at line ends but the header's", "a,b,y\n1.5,2,0,\n3,4,1,\n", PLAIN, .said = NULL},
      {"minus of typography",
       "a,b,y\n\xe2\x88\x92"
       "1.5,2,0\n3,4,1\n",
       "-1.5 2 -|3 4 +", .said = NULL},
      {"plus signs and exponents", "a,b,y\n+1.5e0,2E+0,0\n3,.4e1,1\n", PLAIN, .said = NULL},
      {"short record", "a,b,y\n1.5,2,0\n3,4\n", NULL, .said = "line 3 has 2 fields; the lines before have 3"},
      {"long record", "a,b,y\n1.5,2,0\n3,4,1,5\n", NULL, .said = "line 3 has 4 fields; the lines before have 3"},
      {"quote that does not end", "a,b,y\n1.5,\"2,0\n3,4,1\n", NULL, .said = "line 2, column 2: a quote begins here"},
      {"text after a quote", "a,b,y\n1.5,\"2\"x,0\n3,4,1\n", NULL, .said = "line 2, column 2: something follows"},
      {"title before the header", "My table\na,b,y\n1.5,2,0\n3,4,1\n", NULL, .said = "--skip 1 leaves out"},
      {"title that is skipped", "My table\na,b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL, .options.skip = 1},
      {"nothing", "", NULL, .said = "there is no line of numbers"},
      {"header alone", "a,b,y\n", NULL, .said = "there is no line of numbers"},
  };
  CHECK_ALL(kinds);
}

/* ---- headers ---- */

static void headers(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"none", "1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"words", "a,b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"a name that is missing elsewhere", "nan,b,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"a name that is infinite elsewhere", "a,inf,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"some numbers", "2013,2014,y\n1.5,2,0\n3,4,1\n", PLAIN,
       .said = "line 1 is taken for the header, although it has numbers"},
      {"counting from 0", "0,1,2\n1.5,2,0\n3.5,4,1\n", "1.5 2 -|3.5 4 +", .said = "--header 0 says that there is none"},
      {"counting, label by its place", "0,1,2\n1,1.5,2\n0,3.5,4\n", "1.5 2 +|3.5 4 -", "taken for the header",
       .label = "1"},
      {"counting, two columns", "0,1\n1.5,0\n2.5,1\n", "1.5 -|2.5 +", .said = "taken for the header"},
      {"counting, whole numbers", "0,1,2,3,4\n5,6,7,8,0\n6,7,8,9,1\n", "5 6 7 8 -|6 7 8 9 +",
       .said = "taken for the header"},
      {"records like a header that counts", "0,1\n0.5,0\n0,1\n2.5,0\n0,1\n1.5,1\n", "0.5 -|0 +|2.5 -|0 +|1.5 +",
       .said = "taken for the header"},
      {"records like a header that is said", "1,0\n1,0\n2,1\n", "1 -|2 +", .said = NULL, .options.header = 1},
      {"perhaps counting", "0,1\n3,0\n2,1\n", "0 +|3 -|2 +", .said = "line 1 is taken for a record"},
      {"numbers over fractions", "10,20,1\n1.5,2.5,0\n3.5,4.5,1\n", "10 20 +|1.5 2.5 -|3.5 4.5 +",
       .said = "line 1 is taken for a record"},
      {"said to be none", "0,1\n1.5,0\n2.5,1\n", "0 +|1.5 -|2.5 +", .said = NULL, .options.header = UMBRA_HEADER_NONE},
      {"said to be one", "0,1\n3,0\n2,1\n", "3 -|2 +", .said = NULL, .options.header = 1},
      {"counting, said, label by its place", "0,1,2\n1,1.5,2\n0,3.5,4\n", "1.5 2 +|3.5 4 -", .said = NULL, .label = "1",
       .options.header = 1},
      {"numbers, label by its place", "10,20,1\n1,2.5,3\n0,4.5,5\n", "2.5 3 +|4.5 5 -", .said = NULL, .label = "1",
       .options.header = 1},
      {"numbers, column by its place", "10,20,1\n1.5,2.5,0\n3.5,4.5,1\n", "2.5 -|4.5 +", .said = NULL,
       .options.without = "1", .options.header = 1},
      {"numbers beyond the places are names", "2013,2014,2015\n1,2.5,3\n0,4.5,5\n", "2.5 3 +|4.5 5 -", .said = NULL,
       .label = "2013", .options.header = 1},
      {"a word among them: numbers are names", "3,b,1\n1.5,2,0\n3,4,1\n", "1.5 2 -|3 4 +", .said = NULL, .label = "1",
       .options.header = 1},
      {"names in quotes over numbers", "\"3\",\"5\",\"1\"\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"two lines", "a,b,y\nkg,m,0/1\n1.5,2,0\n3,4,1\n", NULL, .said = "--header 2 says that the header has two lines"},
      {"two lines that are said", "a,b,y\nkg,m,0/1\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL, .options.header = 2},
      {"again within", "a,b,y\n1.5,2,0\na,b,y\n3,4,1\n", PLAIN, .said = "lines that repeat the header are left out: 1"},
      {"damaged first number", "$1,2,0\n3,4,1\n", NULL, .said = "line 1, column 1: '$1' is not a number"},
      {"index without a name", ",a,b,y\n7,1.5,2,0\n9,3,4,1\n", PLAIN, .said = "row numbers and names of rows"},
      {"index called Unnamed", "Unnamed: 0,a,b,y\n7,1.5,2,0\n9,3,4,1\n", PLAIN,
       .said = "column 1 'Unnamed: 0' has no name"},
      {"index that is wanted", ",a,b,y\n7,1.5,2,0\n9,3,4,1\n", "7 1.5 2 -|9 3 4 +", .said = NULL,
       .options.columns = "1-3"},
      {"names of rows, no name over them", "a b y\nr1 1.5 2 0\nr2 3 4 1\n", PLAIN,
       .said = "row numbers and names of rows"},
      {"the same name twice", "a,a,y\n1.5,2,0\n3,4,1\n", PLAIN, .said = NULL},
      {"all in single quotes", "'a' 'b' 'y'\n1.5 2 0\n3 4 1\n", PLAIN, .said = NULL, .label = "y"},
      {"one in single quotes", "'a',b,y\n1.5,2,0\n3,4,1\n", NULL,
       .said =
           "no column is called 'a'; the label is a name, a number from 1 to 3, or -1 for the last; there are ''a'', "
           "'b', 'y'",
       .label = "a"},
  };
  CHECK_ALL(kinds);
}

/* ---- cells ---- */

#define ROW_OF(cell) "a,b,y\n1.5,2,0\n" cell ",4,1\n5,6,0\n"
#define REFUSED_AT "line 3, column 1 (a): "
#define TEN "1234567890"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void cells(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"thousands", ROW_OF("\"1,234\""), NULL,
       .said = REFUSED_AT "'1,234' is not a number; it has separators of thousands"},
      {"thousands and a fraction", ROW_OF("\"1,234.5\""), NULL, .said = "separators of thousands"},
      {"thousands by points", ROW_OF("1.234.567"), NULL, .said = "separators of thousands"},
      {"thousands by spaces", ROW_OF("1 234"), NULL, .said = "separators of thousands"},
      {"thousands by apostrophes", ROW_OF("1'234"), NULL, .said = "separators of thousands"},
      {"dollars", ROW_OF("$12.5"), NULL, .said = REFUSED_AT "'$12.5' is not a number; it is an amount of money"},
      {"euros behind", ROW_OF("12.5 \xe2\x82\xac"), NULL, .said = "an amount of money"},
      {"negative pounds",
       ROW_OF("-\xc2\xa3"
              "5"),
       NULL, .said = "an amount of money"},
      {"percentage", ROW_OF("12%"), NULL, .said = REFUSED_AT "'12%' is not a number; it is a percentage"},
      {"date", ROW_OF("2024-01-05"), NULL, .said = REFUSED_AT "'2024-01-05' is not a number; it is a date"},
      {"date of another kind", ROW_OF("5/1/24"), NULL, .said = "it is a date"},
      {"date with points", ROW_OF("05.01.2024"), NULL, .said = "it is a date"},
      {"date with a month's name", ROW_OF("5-Jan-2024"), NULL, .said = "it is a date"},
      {"date and time", ROW_OF("2024-01-05T10:00"), NULL, .said = "it is a date"},
      {"hexadecimal", ROW_OF("0x10"), NULL, .said = "hexadecimal"},
      {"Fortran", ROW_OF("1.5D+00"), NULL, .said = "exponent of Fortran's"},
      {"error of a spreadsheet", ROW_OF("#DIV/0!"), NULL,
       .said = REFUSED_AT "'#DIV/0!' is not a number; a formula of the spreadsheet failed"},
      {"a number too long", ROW_OF(HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED ".5"), NULL,
       .said = "it has more than 511 characters"},
      {"unit", ROW_OF("5 kg"), NULL, .said = "something stands beside the number"},
      {"word", ROW_OF("many"), NULL,
       .said = "others of its column are; --without 1 leaves out what is none, and --text"},
      {"infinite", ROW_OF("inf"), NULL, .said = REFUSED_AT "the value is not finite"},
      {"too large", ROW_OF("1e999"), NULL, .said = REFUSED_AT "the value is not finite"},
      {"column of money", "a,y\n$1,0\n$2,1\n", NULL, .said = "line 2, column 1 (a): '$1'"},
      {"column of dates", "a,b,y\n2024-01-05,1,0\n2024-01-06,2,1\n", NULL, .said = "it is a date"},
      {"several such columns", "a,b,c,y\n$1,1,5%,0\n$2,2,6%,1\n", NULL, .said = "--without 1,3 leaves out"},
      {"percentages behind a number", "a,b,y\n5,1,0\n12%,2,1\n13%,3,1\n13%,4,0\n", NULL,
       .said = "line 3, column 1 (a): '12%' is not a number; it is a percentage"},
      {"money behind a number", "a,b,y\n0,1,0\n$12,2,1\n$15,3,1\n$15,4,0\n", NULL,
       .said = "line 3, column 1 (a): '$12' is not a number; it is an amount of money"},
      {"dates behind a word", "a,b,y\nunknown,1,0\n2024-01-05,2,1\n2024-01-05,3,1\nunknown,4,0\n", NULL,
       .said = "line 3, column 1 (a): '2024-01-05' is not a number; it is a date"},
      {"dates that are said to be texts", "a,b,y\nu,1,0\n2024-01-05,2,1\n2024-01-05,3,1\nu,4,0\n",
       "0 1 1 -|1 0 2 +|1 0 3 +|0 1 4 -", .said = NULL, .options.text = "a"},
      {"such a column left out", "a,b,y\n2024-01-05,1,0\n2024-01-06,2,1\n", "1 -|2 +", .said = NULL,
       .options.without = "a"},
  };
  CHECK_ALL(kinds);
}

static void missing_values(void **state) {
  (void)state;
  static const char *const spellings[] = {"",     "NA",   "N/A",  "n/a", "#N/A", "NaN", "nan",
                                          "NULL", "null", "None", "?",   ".",    "<NA>"};
  static const kind kinds[] = {
      {"refused", ROW_OF("NA"), NULL, .said = REFUSED_AT "a value is missing, as 1 of its column are; --missing drop"},
      {"dropped", "a,b,y\n1.5,2,0\nNA,4,1\n5,6,1\n", "1.5 2 -|5 6 +", "1 of 3 records are left out",
       .options.missing = UMBRA_MISSING_DROP},
      {"mean", "a,b,y\n1,2,0\n,4,1\n3,6,0\n8,6,0\n", "1 2 -|4 4 +|3 6 -|8 6 -", "filled by the mean",
       .options.missing = UMBRA_MISSING_MEAN},
      {"median", "a,b,y\n1,2,0\n,4,1\n3,6,0\n8,6,0\n", "1 2 -|3 4 +|3 6 -|8 6 -", "filled by the median",
       .options.missing = UMBRA_MISSING_MEDIAN},
      {"median of two", "a,b,y\n1,2,0\n,4,1\n3,6,0\n", "1 2 -|2 4 +|3 6 -", "filled by the median",
       .options.missing = UMBRA_MISSING_MEDIAN},
      {"category", "a,b,y\n1,2,0\n,4,1\n3,6,0\n8,6,0\n", "1 0 2 -|3 1 4 +|3 0 6 -|8 0 6 -", "filled by the median",
       .options.missing = UMBRA_MISSING_CATEGORY},
      {"of texts", "s,b,y\nu,1,0\nv,2,1\n,3,0\nu,4,1\nv,5,0\n", "1 0 0 1 -|0 1 0 2 +|0 0 1 3 -|1 0 0 4 +|0 1 0 5 -",
       "missing texts are a category", .options.missing = UMBRA_MISSING_MEAN},
      {"dashes among numbers", "a,b,y\n1.5,2,0\n-,4,1\n--,3,1\n5,6,1\n", "1.5 2 -|5 6 +", "2 of 4 records are left",
       .options.missing = UMBRA_MISSING_DROP},
      {"dashes alone", "a,b,y\n-,1,0\n-,2,1\n", "1 -|2 +", .said = "column 1 'a' has no value; it is left out"},
      {"of the label", "a,y\n1,0\n2,\n3,1\n", NULL, .said = "line 3, column 2 (y): a value is missing: the label"},
      {"of the label, dropped", "a,y\n1,0\n2,\n3,1\n", "1 -|3 +", "1 of 3 records",
       .options.missing = UMBRA_MISSING_DROP},
      {"of the label, features filled", "a,y\n1,0\n2,\n3,1\n", "1 -|3 +", "1 of 3 records",
       .options.missing = UMBRA_MISSING_MEAN},
      {"everywhere in a column", "a,b,y\n1,,0\n2,,1\n", "1 -|2 +", .said = "column 2 'b' has no value; it is left out"},
  };
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
    char text[128];
    snprintf(text, sizeof text, "a,b,y\n1.5,2,0\n%s,4,1\n5,6,1\n", spellings[i]);
    const kind k = {spellings[i], text, "1.5 2 -|5 6 +", "left out", .options.missing = UMBRA_MISSING_DROP};
    check_bytes(&k, "table.csv", text, strlen(text));
  }
  CHECK_ALL(kinds);
}

/* ---- texts as features ---- */

static void categories(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"two", "s,b,y\nm,1,0\nf,2,1\nm,3,1\nf,4,0\n", "0 1 1 -|1 0 2 +|0 1 3 +|1 0 4 -", .said = NULL},
      {"rare ones", "s,b,y\nu,1,0\nv,2,1\nu,3,1\nw,4,0\n", "1 0 1 -|0 1 2 +|1 0 3 +|0 1 4 -",
       .said = "column 1 's': 1 texts are categories, and the other 2, which are rare, are one"},
      {"yes and no", "s,b,y\nyes,1,0\nNo,2,1\nYES,3,1\n", "1 1 -|0 2 +|1 3 +", .said = NULL},
      {"true and false", "s,b,y\nTRUE,1,0\nFALSE,2,1\n", "1 1 -|0 2 +", .said = NULL},
      {"codes that are letters", "s,b,y\nF,1,0\nN,2,1\nT,3,1\nY,4,0\nF,5,1\nN,6,0\nT,7,1\nY,8,0\n",
       "1 0 0 0 1 -|0 1 0 0 2 +|0 0 1 0 3 +|0 0 0 1 4 -|1 0 0 0 5 +|0 1 0 0 6 -|0 0 1 0 7 +|0 0 0 1 8 -",
       .said = "feature 'b' rises"},
      {"words of two pairs", "s,b,y\nyes,1,0\nfalse,2,1\nyes,3,1\nfalse,4,0\n", "0 1 1 -|1 0 2 +|0 1 3 +|1 0 4 -",
       .said = NULL},
      {"identifiers", "s,b,y\nP1,1,0\nP2,2,1\nP3,3,1\n", "1 -|2 +|3 +",
       .said = "column 1 's' has texts that hardly come twice"},
      {"numbers that are codes", "s,b,y\n7,1,0\n9,2,1\n7,3,1\n9,4,0\n", "1 0 1 -|0 1 2 +|1 0 3 +|0 1 4 -", .said = NULL,
       .options.text = "s"},
      {"in quotes, with separators", "s,b,y\n\"u, v\",1,0\n\"w \"\"x\"\"\",2,1\n\"u, v\",3,1\n\"w \"\"x\"\"\",4,0\n",
       "1 0 1 -|0 1 2 +|1 0 3 +|0 1 4 -", .said = NULL},
      {"more words than numbers", "s,b,y\nND,1,0\nND,2,1\n2,3,1\nND,4,0\n2,5,1\n", NULL,
       .said = "line 2, column 1 (s): 'ND' is not a number; others of its column are; --without 1"},
      {"more words than numbers, said", "s,b,y\nND,1,0\nND,2,1\n2,3,1\nND,4,0\n2,5,1\n",
       "0 1 1 -|0 1 2 +|1 0 3 +|0 1 4 -|1 0 5 +", .said = NULL, .options.text = "s"},
      {"dashes among texts", "s,b,y\nu,1,0\n-,2,1\nu,3,1\n-,4,0\n", "0 1 1 -|1 0 2 +|0 1 3 +|1 0 4 -", .said = NULL},
      {"age bands", "s,b,y\n10-20,1,0\n20-30,2,1\n10-20,3,1\n20-30,4,0\n", "1 0 1 -|0 1 2 +|1 0 3 +|0 1 4 -",
       .said = NULL},
  };
  CHECK_ALL(kinds);
}

/* ---- labels ---- */

static void labels(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"0 and 1", "1,0\n2,1\n", "1 -|2 +", .said = NULL},
      {"-1 and 1", "1,-1\n2,+1\n", "1 -|2 +", .said = NULL},
      {"with fractions and exponents", "1,0.0\n2,1e0\n", "1 -|2 +", .said = NULL},
      {"1 and 2", "1,1\n2,2\n", "1 -|2 +", .said = "class '2' is the positive one, and '1' the other"},
      {"true and false", "a,y\n1,False\n2,True\n", "1 -|2 +", .said = "'True' is the positive one"},
      {"yes and no", "a,y\n1,no\n2,yes\n", "1 -|2 +", .said = "'yes' is the positive one"},
      {"words", "a,y\n1,benign\n2,malignant\n", "1 -|2 +", .said = "'malignant' is the positive one"},
      {"plus and minus", "a,y\n1,+\n2,-\n3,-\n", "1 +|2 -|3 -", .said = "'+' is the positive one, and '-' the other"},
      {"plus and minus of typography", "a,y\n1,\xe2\x88\x92\n2,+\n", "1 -|2 +", .said = "'+' is the positive one"},
      {"words, said otherwise", "a,y\n1,benign\n2,malignant\n", "1 +|2 -", .said = NULL, .positive = "benign"},
      {"three classes", "1,0\n2,1\n3,2\n", NULL,
       .said = "line 3, column 2: the label is 2, a third class beside 0 and 1; --labels classes"},
      {"one of three classes", "1,0\n2,1\n3,2\n", "1 -|2 -|3 +", .said = NULL, .positive = "2"},
      {"one of three words", "a,y\n1,u\n2,v\n3,w\n", "1 -|2 +|3 -", .said = NULL, .positive = "v"},
      {"no such class", "1,0\n2,1\n", NULL, "no record has the label '7'", .positive = "7"},
      {"0, -1 and 1", "1,0\n2,1\n3,-1\n", NULL,
       .said = "line 3, column 2: the label is -1, but in line 1, column 2 it is 0"},
      {"-1 and 0", "1,0\n2,-1\n", NULL, .said = "labels are 0 and 1, or -1 and 1"},
      {"one class", "a,y\n1,yes\n2,yes\n", NULL, .said = "all 2 labels are yes; there must be records of both classes"},
      {"one of several classes", "a,y\n1,yes\n2,yes\n3,yes", NULL,
       .said = "all labels are yes; there must be records of several classes", .labels = UMBRA_LABELS_CLASSES},
      {"a measured value", "1,0.68\n2,0.7\n3,0.9\n", NULL,
       .said = "the label is 0.9, a third class beside 0.68 and 0.7"},
      {"words among numbers", "a,y\n1,0\n2,1\n3,x\n", NULL,
       .said = "line 4, column 2 (y): the label 'x' is not a number"},
      {"no features", "y\n0\n1\n", NULL, .said = "there are no features"},
  };
  CHECK_ALL(kinds);
}

/* ---- columns that are chosen ---- */

static void chosen_columns(void **state) {
  (void)state;
#define FOUR "a,b,\"c, d\",y\n1,2,3,0\n4,5,6,1\n"
  static const kind kinds[] = {
      {"by name", FOUR, "3 1 -|6 4 +", .said = NULL, .options.columns = "\"c, d\",a"},
      {"by number and range", FOUR, "1 2 3 -|4 5 6 +", .said = NULL, .options.columns = "1-3"},
      {"from the end", FOUR, "3 -|6 +", .said = NULL, .options.columns = "-2"},
      {"with the label", FOUR, "2 -|5 +", .said = NULL, .options.columns = "b,y"},
      {"left out by name", FOUR, "1 3 -|4 6 +", .said = NULL, .options.without = "b"},
      {"left out by number", FOUR, "3 -|6 +", .said = NULL, .options.without = "1,2"},
      {"no such name", FOUR, NULL, "--columns: there is no column 'e'", .options.columns = "a,e"},
      {"no such number", FOUR, NULL, "--without: there is no column '5'", .options.without = "5"},
      {"empty range", FOUR, NULL, "there is no column '3-1'", .options.columns = "3-1"},
      {"twice", FOUR, NULL, "--columns: column 1 is named twice", .options.columns = "a,1"},
      {"none", FOUR, NULL, "no column is left", .options.without = "1-3"},
  };
  CHECK_ALL(kinds);
}

/* What a file says cannot act on a terminal. */
static void controls_are_escaped(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"in a cell", "a,y\n1,0\n\x1b[31m,1\n", NULL, .said = "'\\x1b[31m' is not a number"},
      {"in a name", "\x1b]0;x\x07,b,y\n1,2,0\n1,3,1\n1,4,1\n", "1 2 -|1 3 +|1 4 +",
       .said = "feature '\\x1b]0;x\\x07' is 1 in every record"},
      {"in a class", "a,y\n1,no\x08\n2,yes\x7f\n", "1 -|2 +", .said = "class 'yes\\x7f' is the positive one"},
      {"that turn the direction",
       "a,y\n1,0\n\xe2\x80\xae"
       "1,1\n",
       NULL, .said = "'\\u202e1' is not a number"},
      {"of the second kind",
       "a,y\n1,0\n\xc2\x9b"
       "1,1\n",
       NULL, .said = "'\\u009b1' is not a number"},
  };
  CHECK_ALL(kinds);
}

static void options_that_mean_nothing(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"rule", FOUR, NULL, .said = "--missing: 99 is no rule", .options.missing = (umbra_missing_rule)99},
      {"rule below 0", FOUR, NULL, .said = "--missing: -1 is no rule", .options.missing = (umbra_missing_rule)-1},
      {"lines below 0", FOUR, NULL, .said = "--header: -3 is no number of lines", .options.header = -3},
      {"separator", FOUR, NULL, .said = "--separator: 'x' is none of", .options.separator = 'x'},
      {"decimal mark", FOUR, NULL, .said = "--decimal: 'x' is neither", .options.decimal = 'x'},
  };
  CHECK_ALL(kinds);
  char path[128];
  umbra_table table = {0};
  const umbra_table_options options = {UMBRA_TABLE_OPTIONS_INIT, .missing = (umbra_missing_rule)5};
  snprintf(path, sizeof path, "%s/table.csv", folder);
  assert_int_equal(umbra_table_read_with(&table, path, &options), UMBRA_ERROR_INVALID_ARGUMENT);
}

static void what_is_noted(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"constant", "a,b,y\n7,2,0\n7,4,1\n7,5,1\n", "7 2 -|7 4 +|7 5 +", .said = "feature 'a' is 7 in every record"},
      {"five constants", "a,b,c,d,e,f,y\n7,2,1,2,3,4,0\n7,4,1,2,3,4,1\n7,5,1,2,3,4,1\n",
       "7 2 1 2 3 4 -|7 4 1 2 3 4 +|7 5 1 2 3 4 +", .said = "2 more features are the same in every record"},
      {"rising by 1", "id,b,y\n1,2,0\n2,4,1\n3,9,1\n4,7,1\n5,2,1\n6,4,1\n7,9,1\n8,7,1\n",
       "1 2 -|2 4 +|3 9 +|4 7 +|5 2 +|6 4 +|7 9 +|8 7 +", .said = "feature 'id' rises by 1"},
      {"one value far from all", "a,b,y\n1,2,0\n2,4,1\n1e300,9,1\n", "1 2 -|2 4 +|1e+300 9 +",
       .said = "feature 'a' is 1e+300 in record 3"},
      {"one value far below", "1,2,0\n2,4,1\n-1e9,9,1\n", "1 2 -|2 4 +|-1000000000 9 +",
       .said = "feature 'column 1' is -1e+09"},
  };
  CHECK_ALL(kinds);
}

/* ---- characters, and what files are packed in ---- */

static size_t to_utf16(uint8_t *to, const char *text, int big, int mark) {
  size_t used = 0;
  if (mark) {
    to[used++] = big ? 0xfe : 0xff;
    to[used++] = big ? 0xff : 0xfe;
  }
  for (; *text; text++) {
    to[used + (size_t)big] = (uint8_t)*text;
    to[used + (size_t)!big] = 0;
    used += 2;
  }
  return used;
}

static void characters(void **state) {
  (void)state;
  const char *text = "a,b,y\n1.5,2,0\n3,4,1\n";
  uint8_t bytes[256];
  const kind plain = {"UTF-16", text, PLAIN, .said = NULL};
  for (int big = 0; big < 2; big++)
    for (int mark = 0; mark < 2; mark++) check_bytes(&plain, "table.csv", bytes, to_utf16(bytes, text, big, mark));
  const kind utf8 = {"UTF-8 with a mark", "\xef\xbb\xbf\xc3\xa2ge,b,y\n1.5,2,0\n3,4,1\n", "1.5 -|3 +", .said = NULL,
                     .options.columns = "\xc3\xa2ge"};
  const kind latin = {"Latin-1", "a,\xe2ge,y\r\n1.5,2,0\r\n3,4,1\r\n", "2 -|4 +",
                      .said = "line 1 is not UTF-8: the table's characters are taken for Latin-1",
                      .options.columns = "\xc3\xa2ge"};
  const kind windows = {"Windows-1252", "\x80,b,y\n1.5,2,0\n3,4,1\n", "1.5 -|3 +", .said = "line 1 is not UTF-8",
                        .options.columns = "\xe2\x82\xac"};
  const kind late = {"one byte that is not UTF-8", "\xc3\xa2ge,b,y\r\n1.5,2,0\r\n3,4,1\r\n# \xff\r\n5,6,0\r\n",
                     "1.5 2 -|3 4 +|5 6 -", .said = "line 4 is not UTF-8"};
  const kind marked = {"the same behind UTF-8's mark",
                       "\xef\xbb\xbf"
                       "a,b,y\r1.5,2,0\r3,\xe2,1\r",
                       NULL, .said = "line 3 is not UTF-8, as the byte order mark says"};
  const kind half = {"half a character", "", NULL, .said = "ends within a character"};
  const kind zero = {"a zero byte", "", NULL, .said = "line 2, column 1 (a): '1.?5' is no text"};
  check_bytes(&utf8, "table.csv", utf8.text, strlen(utf8.text));
  check_bytes(&latin, "table.csv", latin.text, strlen(latin.text));
  check_bytes(&windows, "table.csv", windows.text, strlen(windows.text));
  check_bytes(&late, "table.csv", late.text, strlen(late.text));
  check_bytes(&marked, "table.csv", marked.text, strlen(marked.text));
  check_bytes(&half, "table.csv", bytes, to_utf16(bytes, text, 0, 1) - 1);
  check_bytes(&zero, "table.csv", "a,b,y\n1.\0005,2,0\n3,4,1\n", 21);
}

static size_t pack(uint8_t *to, size_t room, const char *text, size_t size) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (z_const Bytef *)text;
  stream.avail_in = (uInt)size;
  stream.next_out = to;
  stream.avail_out = (uInt)room;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return room - stream.avail_out;
}

static void names_and_packing(void **state) {
  (void)state;
  static const char *const names[] = {"t.csv", "T.CSV", "t.tsv", "t.Txt"};
  static const char *const packed[] = {"t.csv.gz", "T.CSV.GZ", "t.txt.gz"};
  const char *text = "a,b,y\n1.5,2,0\n3,4,1\n";
  const kind plain = {"names", text, PLAIN, .said = NULL};
  const kind limited = {"limit", text, NULL, "--read-limit raises the limit", .options.read_limit = 19};
  const kind damaged = {"damaged", text, NULL, .said = "is damaged"};
  const kind other = {"another ending", text, NULL,
                      .said = "the names of tables end in .csv, .tsv, .txt, .npy or .npz"};
  uint8_t bytes[512];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_bytes(&plain, names[i], text, strlen(text));
  check_bytes(&other, "t.xlsx", text, strlen(text));
  check_bytes(&limited, "t.csv", text, strlen(text));
  const size_t size = pack(bytes, sizeof bytes, text, strlen(text));
  for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) check_bytes(&plain, packed[i], bytes, size);
  check_bytes(&limited, "t.csv.gz", bytes, size);
  check_bytes(&damaged, "t.csv.gz", bytes, size - 1);
  bytes[size] = 'x';
  check_bytes(&damaged, "t.csv.gz", bytes, size + 1);
  const size_t two = pack(bytes, sizeof bytes, "a,b,y\n1.5,2,0\n", 14);
  check_bytes(&plain, "t.csv.gz", bytes, two + pack(bytes + two, sizeof bytes - two, "3,4,1\n", 6));
}

/* Options of text would be overlooked there. */
static void arrays_have_no_text(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"as it is", NULL, PLAIN, .said = NULL},
      {"without a header, as it has none", NULL, PLAIN, .said = NULL, .options.header = UMBRA_HEADER_NONE},
      {"texts", NULL, NULL, .said = "--text says how text is read", .options.text = "1"},
      {"header", NULL, NULL, .said = "--header says how text is read", .options.header = 1},
      {"skip", NULL, NULL, .said = "--skip says how text is read", .options.skip = 1},
      {"separator", NULL, NULL, .said = "--separator says how text is read", .options.separator = ';'},
      {"decimal mark", NULL, NULL, .said = "--decimal says how text is read", .options.decimal = ','},
  };
  double values[] = {1.5, 2, 0, 3, 4, 1};
  char bytes[128 + sizeof values], path[128];
  umbra_table table = {2, 3, values};
  snprintf(path, sizeof path, "%s/t.npy", folder);
  assert_int_equal(umbra_table_write(&table, path), UMBRA_OK);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  char packed[512];
  const size_t packed_size = pack((uint8_t *)packed, sizeof packed, bytes, size);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    check_bytes(&kinds[i], "t.npy", bytes, size);
    check_bytes(&kinds[i], "t.npy.gz", packed, packed_size);
  }
}

/* So many are made until a file is read or refused. */
static long count_allocations(const kind *k, const void *bytes, size_t size) {
  char path[128];
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  umbra_records *records = NULL;
  long count = -1;
  snprintf(path, sizeof path, "%s/t.csv.gz", folder);
  write_bytes(path, bytes, size);
  while (status == UMBRA_ERROR_OUT_OF_MEMORY) {
    umbra_alloc_fail_after(++count);
    status = read_path(&records, k, path, NULL);
    umbra_alloc_fail_after(-1);
  }
  umbra_records_destroy(records);
  unlink(path);
  return count;
}

/* Much of nothing in few bytes: the limit stops it, and no memory is taken for what is beyond. */
static void a_bomb(void **state) {
  (void)state;
  enum { MANY = 1 << 24 };
  char *text = calloc(MANY + 1, 1);
  uint8_t *bytes = malloc(MANY);
  assert_true(text && bytes);
  memset(text, '\n', MANY);
  const kind bomb = {"bomb", text, NULL, "more than 1000000 bytes uncompressed", .options.read_limit = 1000000};
  const size_t packed = pack(bytes, MANY, text, MANY);
  check_bytes(&bomb, "t.csv.gz", bytes, packed);
  assert_in_range(count_allocations(&bomb, bytes, packed), 1, 6);
  free(text);
  free(bytes);
}

/* Fields take memory whether or not they have anything in them, so their number is limited in every record. */
static void records_of_many_fields(void **state) {
  (void)state;
  enum { MOST = 1 << 20 };
  static const char *const before[] = {"", "1,0\n"};
  char *text = malloc(MOST + 16);
  assert_non_null(text);
  for (size_t i = 0; i < 2; i++) {
    const size_t begin = strlen(before[i]);
    const kind most = {"as many as can be read", "", NULL, .said = i ? "there must be records" : "no line of numbers"};
    const kind more = {"one more", "", NULL, .said = "fields that can be read; use .npy"};
    strcpy(text, before[i]);
    memset(text + begin, ',', MOST);
    check_bytes(&most, "t.csv", text, begin + MOST - 1);
    check_bytes(&more, "t.csv", text, begin + MOST);
  }
  free(text);
}

static void many_headers(void **state) {
  (void)state;
  enum { TIMES = 200000 };
  const char *header = "a,y\n", *rest = "1,0\n2,1\n";
  const size_t bytes = strlen(header);
  char *text = malloc(TIMES * bytes + strlen(rest) + 1);
  assert_non_null(text);
  for (size_t i = 0; i < TIMES * bytes; i++) text[i] = header[i % bytes];
  strcpy(text + TIMES * bytes, rest);
  const kind k = {"many headers", text, "1 -|2 +", .said = "that repeat the header are left out: 199999"};
  check_bytes(&k, "t.csv", text, strlen(text));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes_of_text),
      cmocka_unit_test(headers),
      cmocka_unit_test(cells),
      cmocka_unit_test(missing_values),
      cmocka_unit_test(categories),
      cmocka_unit_test(labels),
      cmocka_unit_test(chosen_columns),
      cmocka_unit_test(controls_are_escaped),
      cmocka_unit_test(options_that_mean_nothing),
      cmocka_unit_test(what_is_noted),
      cmocka_unit_test(characters),
      cmocka_unit_test(names_and_packing),
      cmocka_unit_test(a_bomb),
      cmocka_unit_test(records_of_many_fields),
      cmocka_unit_test(many_headers),
      cmocka_unit_test(arrays_have_no_text),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
