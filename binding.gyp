{
  "targets": [
    {
      "target_name": "lsapi",
      "sources": [
        "native/protocol/request_parser.cc",
        "native/protocol/response_writer.cc",
        "native/io/connection_closing.cc",
        "native/io/connection_input.cc",
        "native/io/connection_output.cc",
        "native/io/connection_set.cc",
        "native/io/connection_timeouts.cc",
        "native/io/listener.cc",
        "native/io/output_queue.cc",
        "native/io/slow_request.cc",
        "native/process/channel.cc",
        "native/process/checks.cc",
        "native/process/child_link.cc",
        "native/process/child_table.cc",
        "native/process/debug_info.cc",
        "native/process/file_stamps.cc",
        "native/process/fork.cc",
        "native/process/group_state.cc",
        "native/process/hold_signals.cc",
        "native/process/launch.cc",
        "native/process/log.cc",
        "native/process/placement.cc",
        "native/process/program.cc",
        "native/process/refusal.cc",
        "native/process/reload.cc",
        "native/process/scoreboard.cc",
        "native/process/signal_inbox.cc",
        "native/process/signal_name.cc",
        "native/process/supervisor.cc",
        "native/process/system_memory.cc",
        "native/binding/addon.cc",
        "native/binding/codec_binding.cc",
        "native/binding/connection_set_binding.cc",
        "native/binding/fork_binding.cc",
        "native/binding/glibc_2_28.cc",
        "native/binding/group_binding.cc",
        "native/binding/idle_loop_binding.cc",
        "native/binding/process_binding.cc",
        "native/binding/request_text.cc",
        "native/binding/response_composer.cc"
      ],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags!": ["-O2"],
      "cflags_cc!": ["-O2", "-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": [
        "-isystem", "<!(node -p \"require.resolve('node-addon-api/package.json').slice(0, -13)\")",
        "-std=c++20", "-O3", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-fstack-protector-strong",
        "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wno-missing-field-initializers", "-Werror"
      ],
      "configurations": {"Release": {"defines": ["NDEBUG"]}},
      "ldflags": ["-Wl,-z,relro,-z,now", "-Wl,--gc-sections", "-static-libstdc++", "-static-libgcc", "-Wl,--version-script=<(module_root_dir)/native/binding/exports.map"]
    }
  ]
}
