# SPDX-License-Identifier: MIT
# The front door. Meson does the work; these targets only save typing, and install what is missing first.

BUILD ?= build
# Compute capabilities that kernels are compiled for, as 75,90; empty: all of meson_options.txt, which takes minutes.
GPU_ARCHS ?=
CONFIGURE = scripts/configure "$(BUILD)" $(if $(GPU_ARCHS),-Dgpu_archs=$(GPU_ARCHS))
# Without detect_stack_use_after_return: gcc 12 misplaces vectors of 64 bytes with it (its bug 110027). scripts/fuzz has it, with clang.
SANITIZER_ENV = ASAN_OPTIONS=strict_string_checks=1 \
                UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:suppressions="$(CURDIR)/tests/tsan/libraries.supp"

# libjpeg-turbo's vector code reads, and does not use, bytes that nobody set: valgrind would report them.
VALGRIND_ENV = JSIMD_FORCENONE=1

.PHONY: help build demo gstreamer test asan tsan valgrind analyse coverage bench sbom fuzz clean

help:
	@echo 'make demo      install what is missing, build, find the faces in photos/astronaut.png'
	@echo 'make gstreamer install what is missing, build and install the GStreamer element'
	@echo 'make test      the same, then run every test'
	@echo 'make build     the library and the program, in $(BUILD)/'
	@echo 'make asan      every test under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan      every test under ThreadSanitizer, with 16 threads'
	@echo 'make valgrind  the unit tests under valgrind, but for those of whole networks on thread pools'
	@echo 'make analyse   what clang-tidy, gcc, cppcheck, clang, shellcheck and pyflakes find in the code'
	@echo 'make coverage  every test, and which lines and branches they run'
	@echo 'make fuzz      a minute of libFuzzer for everything that reads files and requests (docs/fuzzing.md)'
	@echo 'make bench     time, memory and faces beside other engines (a Python environment in .venv)'
	@echo 'make sbom      a bill of materials of what was built, $(BUILD)/fovea.cdx.json (CycloneDX)'
	@echo 'make clean     remove everything that was built'

build:
	@scripts/packages build
	@$(CONFIGURE)
	@meson compile -C "$(BUILD)"

demo:
	@scripts/packages build
	@$(CONFIGURE)
	@meson compile -C "$(BUILD)" fovea:executable
	@scripts/demo "$(BUILD)"

# What is installed: the library, the program and the element. As root, or with DESTDIR set.
gstreamer:
	@scripts/packages build gstreamer
	@$(CONFIGURE)
	@meson compile -C "$(BUILD)" fovea:executable gstfovea
	@meson install -C "$(BUILD)" --no-rebuild --tags runtime,gstreamer
	@test -n "$(DESTDIR)" || { ldconfig; gst-inspect-1.0 fovea; }

test:
	@scripts/packages build gstreamer test
	@$(CONFIGURE)
	@meson compile -C "$(BUILD)"
	@tests/run "$(BUILD)"

asan:
	@scripts/packages build gstreamer test
	@scripts/configure build-asan --buildtype=debugoptimized -Db_sanitize=address,undefined
	@meson compile -C build-asan
	@$(SANITIZER_ENV) tests/run build-asan --timeout-multiplier 5

tsan:
	@scripts/packages build gstreamer test
	@scripts/configure build-tsan --buildtype=debugoptimized -Db_sanitize=thread
	@meson compile -C build-tsan
	@$(SANITIZER_ENV) LD_PRELOAD=processors.so LD_LIBRARY_PATH="$(CURDIR)/build-tsan/tests" tests/run build-tsan --timeout-multiplier 10

valgrind:
	@scripts/packages build gstreamer test valgrind
	@scripts/configure build-debug --buildtype=debugoptimized
	@meson compile -C build-debug
	@$(VALGRIND_ENV) tests/run build-debug --suite unit --no-suite pool --timeout-multiplier 10 \
	  --wrapper 'valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --error-exitcode=1'

analyse: build
	@scripts/analyse "$(BUILD)"

coverage:
	@scripts/coverage

fuzz:
	@scripts/packages build test fuzz
	@scripts/fuzz

bench: build
	@scripts/bench "$(BUILD)"

sbom: build
	@scripts/sbom "$(BUILD)" >"$(BUILD)/fovea.cdx.json"
	@echo "$(BUILD)/fovea.cdx.json"

clean:
	rm -rf build build-asan build-tsan build-debug build-coverage build-fuzz build-fuzz-coverage out
