/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the CUDA backend; table.cu collects them. */
#ifndef UMBRA_KERNELS_CUDA_ENTRIES_H
#define UMBRA_KERNELS_CUDA_ENTRIES_H

#include "../kernels.h"

/* device.cu */
umbra_device_count_entry umbra_cuda_device_count;
umbra_device_facts_entry umbra_cuda_device_facts;
umbra_device_open_entry umbra_cuda_device_open;
umbra_device_close_entry umbra_cuda_device_close;
umbra_block_limbs_entry umbra_cuda_block_limbs;
umbra_failure_entry umbra_cuda_failure;
umbra_launch_limbs_entry umbra_cuda_launch_limbs;
umbra_alloc_entry umbra_cuda_alloc;
umbra_release_entry umbra_cuda_release;

/* stream.cu, and staging.cu: uploads and downloads */
umbra_stream_create_entry umbra_cuda_stream_create;
umbra_stream_destroy_entry umbra_cuda_stream_destroy;
umbra_check_entry umbra_cuda_check;
umbra_wait_entry umbra_cuda_wait;
umbra_lap_entry umbra_cuda_lap;
umbra_mark_entry umbra_cuda_mark;
umbra_between_entry umbra_cuda_between;
umbra_upload_entry umbra_cuda_upload, umbra_cuda_upload_public;
umbra_download_entry umbra_cuda_download;
umbra_record_entry umbra_cuda_record;
umbra_record_end_entry umbra_cuda_record_end;
umbra_replay_entry umbra_cuda_replay;
umbra_graph_destroy_entry umbra_cuda_graph_destroy;

/* peer.cu */
umbra_event_create_entry umbra_cuda_event_create;
umbra_event_destroy_entry umbra_cuda_event_destroy;
umbra_signal_entry umbra_cuda_signal;
umbra_await_entry umbra_cuda_await;
umbra_peer_copy_entry umbra_cuda_peer_copy;

/* names.cu */
umbra_watched_entry umbra_cuda_watched;
umbra_name_begin_entry umbra_cuda_name_begin;
umbra_name_end_entry umbra_cuda_name_end;

/* upload_ahead.cu */
umbra_alloc_entry umbra_cuda_host_alloc;
umbra_release_entry umbra_cuda_host_release;
umbra_upload_ahead_entry umbra_cuda_upload_ahead;
umbra_join_upload_entry umbra_cuda_join_upload;

/* convert.cu */
umbra_conversion_create_entry umbra_cuda_conversion_create;
umbra_conversion_destroy_entry umbra_cuda_conversion_destroy;

/* the kernels */
UMBRA_DECLARE_KERNELS(cuda)

#endif
