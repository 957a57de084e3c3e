/* SPDX-License-Identifier: Apache-2.0 */
#include "key_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

enum { DAY = 24 * 3600, MOST_DAYS = 365 * 1000 };

uint64_t cli_now(void) { return (uint64_t)time(NULL); }

const char *cli_time_text(char text[CLI_UNITS], uint64_t seconds) {
  const time_t time = (time_t)seconds;
  struct tm date;
  if (!gmtime_r(&time, &date) || !strftime(text, CLI_UNITS, "%Y-%m-%d %H:%M:%S UTC", &date))
    snprintf(text, CLI_UNITS, "%llu s", (unsigned long long)seconds);
  return text;
}

/* ---- --expires ---- */

/* The beginning of a day: 2027-01-31, and nothing that is not in the calendar. */
static bool read_date(uint64_t *seconds, const char *text) {
  struct tm date = {0};
  char again[CLI_UNITS];
  if (sscanf(text, "%4d-%2d-%2d", &date.tm_year, &date.tm_mon, &date.tm_mday) != 3) return false;
  date.tm_year -= 1900;
  date.tm_mon--;
  const time_t time = timegm(&date);
  if (time <= 0 || !strftime(again, sizeof again, "%Y-%m-%d", &date) || strcmp(text, again) != 0) return false;
  *seconds = (uint64_t)time;
  return true;
}

/* When a key that was made then expires. */
static uint64_t read_expiry(const char *text, uint64_t created) {
  uint64_t expires;
  char *end;
  const unsigned long days = strtoul(text, &end, 10);
  if (text[0] >= '0' && text[0] <= '9' && !*end && days >= 1 && days <= MOST_DAYS)
    return created + (uint64_t)days * DAY;
  if (!read_date(&expires, text))
    cli_usage("--expires: \"%s\" is neither a date, such as 2027-01-31, nor a number of days from 1 to %d", text,
              MOST_DAYS);
  return expires;
}

umbra_key_life cli_life_of(const char *text) {
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT, .created = cli_now()};
  if (text) life.expires = read_expiry(text, life.created);
  if (text && life.expires <= life.created) cli_usage("--expires: %s is past", text);
  return life;
}

bool cli_life_agrees(const char *option, const char *path, const char *text) {
  char found[CLI_UNITS];
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT};
  if (!text) return true;
  if (!cli_check(umbra_key_life_of_file(&life, path), option)) return false;
  if (life.expires == read_expiry(text, life.created)) return true;
  return life.expires ? cli_error("%s: %s expires on %s, and will not be replaced", option, path,
                                  cli_time_text(found, life.expires))
                      : cli_error("%s: %s never expires, and will not be replaced", option, path);
}

/* ---- keys that are used ---- */

/* An option and a path, for errors. */
static bool check(umbra_status status, const char *option, const char *path) {
  char where[2 * CLI_PATH];
  snprintf(where, sizeof where, "%s: %s", option, path);
  return cli_check(status, where);
}

bool cli_key_serves(const char *option, const char *path) {
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT};
  return cli_check(umbra_key_life_of_file(&life, path), option) &&
         check(umbra_key_life_check(&life, cli_now()), option, path);
}

bool cli_key_serves_in(const char *option, const char *folder, const char *name) {
  char path[CLI_PATH];
  return cli_path(path, folder, name) && cli_key_serves(option, path);
}

bool cli_key_opens(const char *option, const char *path, cli_report *report) {
  char note[CLI_PATH + 2 * CLI_UNITS], date[CLI_UNITS];
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT};
  if (umbra_key_life_of_file(&life, path) != UMBRA_OK) { /* so it is out of use; and it was loaded before */
    snprintf(note, sizeof note, "%s: %s", option, umbra_last_error());
    cli_report_note(report, note);
    return true;
  }
  if (umbra_key_life_check(&life, cli_now()) == UMBRA_OK) return true;
  snprintf(note, sizeof note, "%s %s on %s: it still decrypts, and encrypts no more", path,
           life.retired ? "was retired" : "expired", cli_time_text(date, life.retired ? life.retired : life.expires));
  cli_report_note(report, note);
  return true;
}

bool cli_life_add(cJSON *facts, const char *path) {
  char text[CLI_UNITS];
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT};
  if (!cli_check(umbra_key_life_of_file(&life, path), NULL)) return false;
  if (life.created) cJSON_AddStringToObject(facts, "created", cli_time_text(text, life.created));
  cJSON_AddStringToObject(facts, "expires", life.expires ? cli_time_text(text, life.expires) : "never");
  if (life.retired) cJSON_AddStringToObject(facts, "retired", cli_time_text(text, life.retired));
  return true;
}
