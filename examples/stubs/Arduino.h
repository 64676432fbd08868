// The part of Arduino.h that the examples use, declared as in the ESP8266 and ESP32 cores. Nothing is implemented: this
// is for checking the examples' syntax and types on a PC.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <functional>

#define LOW 0x0
#define HIGH 0x1

unsigned long millis();
long random(long howbig);

class String {
 public:
  String(const char *text = "");
  String(const String &other);
  ~String();
  String &operator=(const String &other);
  const char *c_str() const;
};
String operator+(const String &left, const char *right);
String operator+(const String &left, const String &right);

class HardwareSerial {
 public:
  void begin(unsigned long baud);
  void flush();
  size_t println(const char *text);
  size_t printf(const char *format, ...) __attribute__((format(printf, 2, 3)));
};
extern HardwareSerial Serial;

class EspClass {
 public:
  void restart();
};
extern EspClass ESP;
