-- 1..6
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
-- 1..6
CREATE TABLE login_throttle (
    key_sha256 VARCHAR(64) NOT NULL,
    failures INTEGER NOT NULL,
    window_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    blocked_until TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (key_sha256)
);
-- 1..6
CREATE TABLE school (
    id VARCHAR(26) NOT NULL,
    code VARCHAR(32) NOT NULL,
    name VARCHAR(200) NOT NULL,
    level VARCHAR(20) NOT NULL,
    commune VARCHAR(120) NOT NULL,
    province VARCHAR(120) NOT NULL,
    department VARCHAR(200) NOT NULL,
    tax_code VARCHAR(20) NOT NULL,
    current_year VARCHAR(9) NOT NULL,
    smas_client_id VARCHAR(200) NOT NULL,
    smas_secret_encrypted VARCHAR(1000) NOT NULL,
    mysign_client_id VARCHAR(200) NOT NULL,
    mysign_secret_encrypted VARCHAR(1000) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (code)
);
-- 1..6
CREATE TABLE audit_event (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor VARCHAR(26) NOT NULL,
    action VARCHAR(60) NOT NULL,
    subject VARCHAR(80) NOT NULL,
    data JSONB NOT NULL,
    previous_hash VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_audit_subject ON audit_event (school_id, subject);
-- 1..6
CREATE UNIQUE INDEX uq_audit_seq ON audit_event (school_id, seq);
-- 1..6
CREATE TABLE audit_head (
    school_id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (school_id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..5
CREATE TABLE change_counter (
    school_id VARCHAR(26) NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (school_id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 6..6
CREATE TABLE change_counter (
    school_id VARCHAR(26) NOT NULL,
    value BIGINT NOT NULL,
    wide BIGINT NOT NULL,
    PRIMARY KEY (school_id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE evidence (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    owner VARCHAR(26) NOT NULL,
    content BYTEA NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE job (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    state VARCHAR(10) NOT NULL,
    arguments JSONB NOT NULL,
    stage VARCHAR(80) NOT NULL,
    progress INTEGER NOT NULL,
    total INTEGER NOT NULL,
    report JSONB NOT NULL,
    error_code VARCHAR(40),
    error_params JSONB NOT NULL,
    cancel_asked BOOLEAN NOT NULL,
    worker VARCHAR(80),
    attempt INTEGER NOT NULL,
    heartbeat_at TIMESTAMP WITH TIME ZONE,
    wake_at TIMESTAMP WITH TIME ZONE,
    created_by VARCHAR(26) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_job_kind ON job (school_id, kind, created_at);
-- 1..6
CREATE INDEX ix_job_live ON job (state, heartbeat_at);
-- 1..6
CREATE TABLE late_answer (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    batch_id VARCHAR(26) NOT NULL,
    slot_id VARCHAR(26),
    attributes BYTEA,
    signature BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE login_name (
    name VARCHAR(80) NOT NULL,
    school_id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    PRIMARY KEY (name),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE login_session (
    token_sha256 VARCHAR(64) NOT NULL,
    school_id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (token_sha256),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_login_session_account_id ON login_session (account_id);
-- 1..6
CREATE TABLE public_code (
    code VARCHAR(20) NOT NULL,
    school_id VARCHAR(26) NOT NULL,
    version_id VARCHAR(26) NOT NULL,
    PRIMARY KEY (code),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE signature_image (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    owner VARCHAR(26) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    image BYTEA NOT NULL,
    preview_png BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by VARCHAR(26) NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_signature_image_owner ON signature_image (owner);
-- 1..6
CREATE TABLE signing_key (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    owner VARCHAR(26) NOT NULL,
    provider VARCHAR(20) NOT NULL,
    provider_user VARCHAR(80) NOT NULL,
    credential_id VARCHAR(120),
    chain JSONB NOT NULL,
    subject VARCHAR(500),
    serial_number VARCHAR(80),
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_to TIMESTAMP WITH TIME ZONE,
    checked_at TIMESTAMP WITH TIME ZONE,
    problem VARCHAR(40),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, owner)
);
-- 1..6
CREATE TABLE staff (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    full_name VARCHAR(200) NOT NULL,
    id_number VARCHAR(12),
    old_id_number VARCHAR(9),
    position VARCHAR(20) NOT NULL,
    email VARCHAR(200),
    phone VARCHAR(30),
    active BOOLEAN NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..6
CREATE INDEX ix_staff_code ON staff (code);
-- 1..6
CREATE TABLE student (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    full_name VARCHAR(200) NOT NULL,
    sort_name VARCHAR(200) NOT NULL,
    birth_date VARCHAR(10) NOT NULL,
    sex VARCHAR(10) NOT NULL,
    id_number VARCHAR(12),
    photo_sha256 VARCHAR(64),
    details JSONB NOT NULL,
    active BOOLEAN NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..6
CREATE INDEX ix_student_code ON student (code);
-- 1..6
CREATE TABLE subject (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(120) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    position INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..2
CREATE TABLE sync_cursor (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    resource VARCHAR(40) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    cursor VARCHAR(200) NOT NULL,
    snapshot INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, resource, school_year)
);
-- 3..6
CREATE TABLE sync_cursor (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    resource VARCHAR(40) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    cursor VARCHAR(200) NOT NULL,
    snapshot INTEGER,
    pending JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, resource, school_year)
);
-- 1..6
CREATE TABLE account (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    username VARCHAR(80) NOT NULL,
    staff_id VARCHAR(26),
    full_name VARCHAR(200) NOT NULL,
    email VARCHAR(200),
    granted_roles JSONB NOT NULL,
    password_hash VARCHAR(200),
    disabled BOOLEAN NOT NULL,
    code_hash VARCHAR(64),
    code_expires_at TIMESTAMP WITH TIME ZONE,
    preferences JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, staff_id),
    UNIQUE (school_id, username)
);
-- 1..6
CREATE TABLE batch (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    staff_id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    stage VARCHAR(10) NOT NULL,
    owner VARCHAR(26) NOT NULL,
    state VARCHAR(10) NOT NULL,
    provider VARCHAR(20) NOT NULL,
    provider_user VARCHAR(80) NOT NULL,
    credential_id VARCHAR(120) NOT NULL,
    chain JSONB NOT NULL,
    transaction_id VARCHAR(120),
    sent_at TIMESTAMP WITH TIME ZONE,
    window_ends_at TIMESTAMP WITH TIME ZONE,
    stop_waiting BOOLEAN NOT NULL,
    total INTEGER NOT NULL,
    committed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error_code VARCHAR(40),
    error_params JSONB NOT NULL,
    note VARCHAR(40),
    retry_at TIMESTAMP WITH TIME ZONE,
    resends INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    evidence_id VARCHAR(26),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE,
    accepted BOOLEAN NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_batch_staff_id ON batch (staff_id);
-- 1..6
CREATE INDEX ix_batch_state ON batch (school_id, state);
-- 1..6
CREATE TABLE delegation (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    deputy_id VARCHAR(26) NOT NULL,
    kinds JSONB NOT NULL,
    from_date VARCHAR(10) NOT NULL,
    to_date VARCHAR(10) NOT NULL,
    decision_number VARCHAR(80) NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, deputy_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE history_entry (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    payload JSONB NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..6
CREATE INDEX ix_history_entry_student_id ON history_entry (student_id);
-- 1..6
CREATE TABLE school_class (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(60) NOT NULL,
    grade INTEGER NOT NULL,
    regime VARCHAR(8) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    homeroom_staff_id VARCHAR(26),
    active BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, homeroom_staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..6
CREATE INDEX ix_school_class_school_year ON school_class (school_year);
-- 1..6
CREATE TABLE signing_settings (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    cover_signer_id VARCHAR(26),
    seal_operator_id VARCHAR(26),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, cover_signer_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id, seal_operator_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id)
);
-- 1..6
CREATE TABLE sync_row (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    job_id VARCHAR(26) NOT NULL,
    resource VARCHAR(40) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    label VARCHAR(200) NOT NULL,
    outcome VARCHAR(12) NOT NULL,
    field VARCHAR(60),
    reason VARCHAR(500),
    details JSONB,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, job_id) REFERENCES job (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_sync_row_job_id ON sync_row (job_id);
-- 1..6
CREATE TABLE document (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    state VARCHAR(8) NOT NULL,
    next_stage VARCHAR(10),
    version_id VARCHAR(26),
    version_number INTEGER NOT NULL,
    out_of_date JSONB,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, student_id, kind, school_year)
);
-- 1..6
CREATE INDEX ix_document_waiting ON document (school_id, next_stage, kind, class_id);
-- 1..6
CREATE TABLE enrolment (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    status VARCHAR(12) NOT NULL,
    from_date VARCHAR(10),
    to_date VARCHAR(10),
    note VARCHAR(500),
    active BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..5
CREATE INDEX ix_enrolment_class_id ON enrolment (class_id);
-- 6..6
CREATE INDEX ix_enrolment_class ON enrolment (school_id, class_id);
-- 1..6
CREATE INDEX ix_enrolment_student_id ON enrolment (student_id);
-- 1..6
CREATE TABLE signing_assignment (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    field VARCHAR(80) NOT NULL,
    staff_id VARCHAR(26) NOT NULL,
    reason VARCHAR(300) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, class_id, field)
);
-- 4..6
CREATE TABLE reminder (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    from_account VARCHAR(26) NOT NULL,
    to_staff VARCHAR(26) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    day VARCHAR(10) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, from_account) REFERENCES account (school_id, id),
    FOREIGN KEY(school_id, to_staff) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, to_staff, class_id, day)
);
-- 1..6
CREATE TABLE student_result (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    school_year VARCHAR(9) NOT NULL,
    payload JSONB NOT NULL,
    mismatches JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id),
    UNIQUE (school_id, student_id, school_year)
);
-- 1..6
CREATE INDEX ix_student_result_class_id ON student_result (class_id);
-- 1..6
CREATE TABLE teaching_assignment (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    source_id VARCHAR(64) NOT NULL,
    source_version BIGINT NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    subject_id VARCHAR(26) NOT NULL,
    staff_id VARCHAR(26) NOT NULL,
    term VARCHAR(6) NOT NULL,
    position INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, class_id) REFERENCES school_class (school_id, id),
    FOREIGN KEY(school_id, staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id, subject_id) REFERENCES subject (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, source_id)
);
-- 1..6
CREATE INDEX ix_teaching_assignment_class_id ON teaching_assignment (class_id);
-- 1..6
CREATE INDEX ix_teaching_assignment_staff_id ON teaching_assignment (staff_id);
-- 5..6
CREATE TABLE attached_record (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    file_name VARCHAR(200) NOT NULL,
    package VARCHAR(200) NOT NULL,
    blob_sha256 VARCHAR(64) NOT NULL,
    length INTEGER NOT NULL,
    state VARCHAR(10) NOT NULL,
    verdict VARCHAR(14) NOT NULL,
    report JSONB NOT NULL,
    doubts JSONB NOT NULL,
    uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    uploaded_by VARCHAR(26) NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE,
    accept_reason VARCHAR(500) NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by VARCHAR(26),
    end_reason VARCHAR(500) NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 5..6
CREATE INDEX ix_attached_record_student ON attached_record (school_id, student_id);
-- 5..6
CREATE UNIQUE INDEX uq_attached_record_live ON attached_record (school_id, student_id, blob_sha256) WHERE state in ('checking', 'asking', 'attached');
-- 2..6
CREATE TABLE hand_out_link (
    token_sha256 VARCHAR(64) NOT NULL,
    school_id VARCHAR(26) NOT NULL,
    hand_out_id VARCHAR(26) NOT NULL,
    PRIMARY KEY (token_sha256),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 2..4
CREATE TABLE hand_out (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    version_ids JSONB NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    pin_hash VARCHAR(200) NOT NULL,
    failures INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    last_download_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by VARCHAR(26) NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR(26),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 5..6
CREATE TABLE hand_out (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    student_id VARCHAR(26) NOT NULL,
    version_ids JSONB NOT NULL,
    attached_ids JSONB NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    pin_hash VARCHAR(200) NOT NULL,
    failures INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    last_download_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by VARCHAR(26) NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR(26),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, student_id) REFERENCES student (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 2..6
CREATE INDEX ix_hand_out_student ON hand_out (school_id, student_id);
-- 1..6
CREATE TABLE unlock_request (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    document_ids JSONB NOT NULL,
    reason VARCHAR(500) NOT NULL,
    state VARCHAR(10) NOT NULL,
    requested_by VARCHAR(26) NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by VARCHAR(26),
    decided_at TIMESTAMP WITH TIME ZONE,
    remaining_ids JSONB NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, requested_by) REFERENCES account (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_unlock_open ON unlock_request (school_id, state);
-- 1..6
CREATE TABLE document_version (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    document_id VARCHAR(26) NOT NULL,
    number INTEGER NOT NULL,
    snapshot JSONB NOT NULL,
    snapshot_sha256 VARCHAR(64) NOT NULL,
    salt VARCHAR(64) NOT NULL,
    code VARCHAR(20) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    length INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    tip VARCHAR NOT NULL,
    revision_number INTEGER NOT NULL,
    locked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    locked_by VARCHAR(26) NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    void_reason VARCHAR(500),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, document_id) REFERENCES document (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, document_id, number)
);
-- 1..6
CREATE TABLE lease (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    version_id VARCHAR(26) NOT NULL,
    batch_id VARCHAR(26) NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, batch_id) REFERENCES batch (school_id, id),
    FOREIGN KEY(school_id, version_id) REFERENCES document_version (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE INDEX ix_lease_batch_id ON lease (batch_id);
-- 1..6
CREATE UNIQUE INDEX uq_lease_held ON lease (school_id, version_id) WHERE released_at IS NULL;
-- 1..6
CREATE TABLE revision (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    version_id VARCHAR(26) NOT NULL,
    number INTEGER NOT NULL,
    kind VARCHAR(10) NOT NULL,
    slot_id VARCHAR(26),
    blob_sha256 VARCHAR(64) NOT NULL,
    length INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, version_id) REFERENCES document_version (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, version_id, number)
);
-- 1..6
CREATE TABLE slot (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    version_id VARCHAR(26) NOT NULL,
    document_id VARCHAR(26) NOT NULL,
    field VARCHAR(80) NOT NULL,
    stage VARCHAR(10) NOT NULL,
    rows JSONB NOT NULL,
    position INTEGER NOT NULL,
    staff_id VARCHAR(26),
    signer_hash VARCHAR(64),
    reassignment JSONB,
    caption JSONB NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE,
    revision_number INTEGER,
    evidence_id VARCHAR(26),
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, document_id) REFERENCES document (school_id, id),
    FOREIGN KEY(school_id, staff_id) REFERENCES staff (school_id, id),
    FOREIGN KEY(school_id, version_id) REFERENCES document_version (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, version_id, field)
);
-- 1..6
CREATE INDEX ix_slot_person ON slot (school_id, staff_id, signed_at);
-- 1..6
CREATE TABLE batch_item (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    batch_id VARCHAR(26) NOT NULL,
    slot_id VARCHAR(26) NOT NULL,
    version_id VARCHAR(26) NOT NULL,
    position INTEGER NOT NULL,
    state VARCHAR(10) NOT NULL,
    request_id VARCHAR(40),
    claimed_at TIMESTAMP WITH TIME ZONE,
    prepared BYTEA,
    attributes BYTEA,
    signature BYTEA,
    token BYTEA,
    error_code VARCHAR(40),
    error_params JSONB NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id, batch_id) REFERENCES batch (school_id, id),
    FOREIGN KEY(school_id, slot_id) REFERENCES slot (school_id, id),
    FOREIGN KEY(school_id, version_id) REFERENCES document_version (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id),
    UNIQUE (school_id, batch_id, slot_id)
);
-- 1..6
CREATE INDEX ix_batch_item_batch_id ON batch_item (batch_id);
-- 1..6
CREATE INDEX ix_batch_item_slot_id ON batch_item (slot_id);
-- 1..6
alter table account enable row level security;
-- 1..6
alter table account force row level security;
-- 1..6
create policy own_school on account using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 5..6
alter table attached_record enable row level security;
-- 5..6
alter table attached_record force row level security;
-- 5..6
create policy own_school on attached_record using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table audit_event enable row level security;
-- 1..6
alter table audit_event force row level security;
-- 1..6
create policy own_school on audit_event using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table batch enable row level security;
-- 1..6
alter table batch force row level security;
-- 1..6
create policy own_school on batch using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table batch_item enable row level security;
-- 1..6
alter table batch_item force row level security;
-- 1..6
create policy own_school on batch_item using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table lease enable row level security;
-- 1..6
alter table lease force row level security;
-- 1..6
create policy own_school on lease using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table evidence enable row level security;
-- 1..6
alter table evidence force row level security;
-- 1..6
create policy own_school on evidence using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table late_answer enable row level security;
-- 1..6
alter table late_answer force row level security;
-- 1..6
create policy own_school on late_answer using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table school_class enable row level security;
-- 1..6
alter table school_class force row level security;
-- 1..6
create policy own_school on school_class using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table enrolment enable row level security;
-- 1..6
alter table enrolment force row level security;
-- 1..6
create policy own_school on enrolment using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table subject enable row level security;
-- 1..6
alter table subject force row level security;
-- 1..6
create policy own_school on subject using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table teaching_assignment enable row level security;
-- 1..6
alter table teaching_assignment force row level security;
-- 1..6
create policy own_school on teaching_assignment using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table document enable row level security;
-- 1..6
alter table document force row level security;
-- 1..6
create policy own_school on document using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table document_version enable row level security;
-- 1..6
alter table document_version force row level security;
-- 1..6
create policy own_school on document_version using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table slot enable row level security;
-- 1..6
alter table slot force row level security;
-- 1..6
create policy own_school on slot using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table revision enable row level security;
-- 1..6
alter table revision force row level security;
-- 1..6
create policy own_school on revision using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table unlock_request enable row level security;
-- 1..6
alter table unlock_request force row level security;
-- 1..6
create policy own_school on unlock_request using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 2..6
alter table hand_out enable row level security;
-- 2..6
alter table hand_out force row level security;
-- 2..6
create policy own_school on hand_out using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table job enable row level security;
-- 1..6
alter table job force row level security;
-- 1..6
create policy own_school on job using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table staff enable row level security;
-- 1..6
alter table staff force row level security;
-- 1..6
create policy own_school on staff using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table student enable row level security;
-- 1..6
alter table student force row level security;
-- 1..6
create policy own_school on student using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 4..6
alter table reminder enable row level security;
-- 4..6
alter table reminder force row level security;
-- 4..6
create policy own_school on reminder using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table student_result enable row level security;
-- 1..6
alter table student_result force row level security;
-- 1..6
create policy own_school on student_result using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table history_entry enable row level security;
-- 1..6
alter table history_entry force row level security;
-- 1..6
create policy own_school on history_entry using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table signature_image enable row level security;
-- 1..6
alter table signature_image force row level security;
-- 1..6
create policy own_school on signature_image using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table signing_key enable row level security;
-- 1..6
alter table signing_key force row level security;
-- 1..6
create policy own_school on signing_key using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table signing_settings enable row level security;
-- 1..6
alter table signing_settings force row level security;
-- 1..6
create policy own_school on signing_settings using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table delegation enable row level security;
-- 1..6
alter table delegation force row level security;
-- 1..6
create policy own_school on delegation using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table signing_assignment enable row level security;
-- 1..6
alter table signing_assignment force row level security;
-- 1..6
create policy own_school on signing_assignment using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table sync_cursor enable row level security;
-- 1..6
alter table sync_cursor force row level security;
-- 1..6
create policy own_school on sync_cursor using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
alter table sync_row enable row level security;
-- 1..6
alter table sync_row force row level security;
-- 1..6
create policy own_school on sync_row using (current_setting('hocba.school_id', true) in (school_id, '*'));
-- 1..6
INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;
