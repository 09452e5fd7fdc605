// What differs between engines in this suite, as data: what each cannot do, and what is tried on all of them each time.

const LOOKS = "they are looked at in other sizes and colour schemes, which only Chromium's driver puts on";

/** Tests of looks, on every engine but Chromium. */
const looks = Object.fromEntries(
  [
    "page states",
    "connection states",
    ...["setting_up_has_no_accessibility_fault", "connections_have_no_accessibility_fault"].flatMap((name) =>
      ["360_light", "360_dark", "1280_light", "1280_dark"].map((look) => `${name}_at_${look}`),
    ),
  ].map((name) => [name, LOOKS]),
);

const PROTOCOL = "only Chromium's own protocol crashes, freezes, throttles or discards a page";
const asks = "another_window_asks_within_three_seconds_of_the_first_silence_when_the_one_that_asks_";
const chromiumAlone = {
  ...looks,
  [`${asks}crashes`]: PROTOCOL,
  [`${asks}is_frozen`]: PROTOCOL,
  a_discarded_tab_lets_another_ask_and_hears_it_when_somebody_comes_back: PROTOCOL,
  a_hidden_tab_whose_timers_run_once_a_minute_polls_on: PROTOCOL,
  a_success_while_the_machine_slept_for_an_hour_is_heard_and_nothing_else: PROTOCOL,
  a_flow_that_is_still_pending_after_an_hours_sleep_is_asked_about_and_still_completes: PROTOCOL,
};

/** By engine and test, the reason why it is skipped there. `npm run e2e` counts that these were skipped, and no others. */
export const skips = {
  chromium: {},
  firefox: {
    ...chromiumAlone,
    a_page_in_the_back_forward_cache_hears_it_when_it_is_back: "Firefox did not keep a page in that cache under its driver",
  },
  webkit: {
    ...chromiumAlone,
    a_popup_blocked_by_the_browser_leaves_a_link_to_go_on: "WebKitGTK lets a click open more than one window, so its blocker cannot be met in a click",
  },
};

/** Tests by file that `npm test` runs on Firefox and WebKit: each channel, each way of opening, each way of being away. */
export const smoke = {
  "channels.test.mjs": [
    "post_message_alone_brings_the_notice_that_the_server_confirms",
    "broadcast_channel_alone_brings_the_notice_that_the_server_confirms",
    "storage_alone_brings_the_notice_that_the_server_confirms",
    "storage_alone_decides_where_no_server_can_be_asked",
    "all_channels_together_are_heard_once",
    "no_channel_at_all_leaves_the_status_endpoint",
  ],
  "degraded.test.mjs": [
    "connects_with_storage_refused_and_says_so",
    "connects_with_storage_full_and_says_so",
    "connects_with_web_locks_missing_and_says_so",
  ],
  "targets.test.mjs": [
    "three_tabs_hear_one_completed_from_a_popup",
    "three_tabs_hear_one_completed_from_a_tab",
    "a_redirect_comes_back_to_where_it_left_and_every_tab_hears",
    "waits_on_and_connects_in_spite_of_the_providers_coop",
    "waits_on_and_connects_in_spite_of_coop_on_both_sides",
  ],
  "lifecycle.test.mjs": [
    "a_page_reloaded_before_the_notice_hears_it",
    "a_page_that_is_reloading_while_the_notice_comes_finds_it",
    "a_tab_closed_while_waiting_and_opened_again_hears_it",
    "another_tab_asks_on_when_the_one_that_asked_is_closed",
    "a_click_before_the_module_has_loaded_opens_the_window_and_connects",
  ],
  "windows.test.mjs": [
    "a_blocked_popup_leaves_a_link_that_connects",
    "a_closed_window_is_told_settles_nothing_and_opens_again",
    "a_denial_is_told_with_its_reason_and_another_try_connects",
  ],
  "demo.test.mjs": ["github_turns_to_connected_in_every_tab_without_a_click_or_reload"],
};
