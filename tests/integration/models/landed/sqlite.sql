-- 1..6
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
-- 1..6
CREATE TABLE login_throttle (
    key_sha256 VARCHAR(64) NOT NULL,
    failures INTEGER NOT NULL,
    window_started_at DATETIME NOT NULL,
    blocked_until DATETIME,
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
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (code)
);
-- 1..6
CREATE TABLE audit_event (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    at DATETIME NOT NULL,
    actor VARCHAR(26) NOT NULL,
    action VARCHAR(60) NOT NULL,
    subject VARCHAR(80) NOT NULL,
    data JSON NOT NULL,
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
    content BLOB NOT NULL,
    checked_at DATETIME NOT NULL,
    PRIMARY KEY (school_id, id),
    FOREIGN KEY(school_id) REFERENCES school (id)
);
-- 1..6
CREATE TABLE job (
    school_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    state VARCHAR(10) NOT NULL,
    arguments JSON NOT NULL,
    stage VARCHAR(80) NOT NULL,
    progress INTEGER NOT NULL,
    total INTEGER NOT NULL,
    report JSON NOT NULL,
    error_code VARCHAR(40),
    error_params JSON NOT NULL,
    cancel_asked BOOLEAN NOT NULL,
    worker VARCHAR(80),
    attempt INTEGER NOT NULL,
    heartbeat_at DATETIME,
    wake_at DATETIME,
    created_by VARCHAR(26) NOT NULL,
    created_at DATETIME NOT NULL,
    ended_at DATETIME,
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
    attributes BLOB,
    signature BLOB NOT NULL,
    received_at DATETIME NOT NULL,
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
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    last_seen_at DATETIME NOT NULL,
    revoked_at DATETIME,
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
    image BLOB NOT NULL,
    preview_png BLOB NOT NULL,
    created_at DATETIME NOT NULL,
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
    chain JSON NOT NULL,
    subject VARCHAR(500),
    serial_number VARCHAR(80),
    valid_from DATETIME,
    valid_to DATETIME,
    checked_at DATETIME,
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
    updated_at DATETIME NOT NULL,
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
    details JSON NOT NULL,
    active BOOLEAN NOT NULL,
    updated_at DATETIME NOT NULL,
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
    updated_at DATETIME NOT NULL,
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
    pending JSON NOT NULL,
    updated_at DATETIME NOT NULL,
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
    granted_roles JSON NOT NULL,
    password_hash VARCHAR(200),
    disabled BOOLEAN NOT NULL,
    code_hash VARCHAR(64),
    code_expires_at DATETIME,
    preferences JSON NOT NULL,
    created_at DATETIME NOT NULL,
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
    chain JSON NOT NULL,
    transaction_id VARCHAR(120),
    sent_at DATETIME,
    window_ends_at DATETIME,
    stop_waiting BOOLEAN NOT NULL,
    total INTEGER NOT NULL,
    committed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error_code VARCHAR(40),
    error_params JSON NOT NULL,
    note VARCHAR(40),
    retry_at DATETIME,
    resends INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    evidence_id VARCHAR(26),
    created_at DATETIME NOT NULL,
    queued_at DATETIME NOT NULL,
    offered_at DATETIME,
    accepted BOOLEAN NOT NULL,
    ended_at DATETIME,
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
    kinds JSON NOT NULL,
    from_date VARCHAR(10) NOT NULL,
    to_date VARCHAR(10) NOT NULL,
    decision_number VARCHAR(80) NOT NULL,
    revoked_at DATETIME,
    created_at DATETIME NOT NULL,
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
    payload JSON NOT NULL,
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
    details JSON,
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
    out_of_date JSON,
    updated_at DATETIME NOT NULL,
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
    created_at DATETIME NOT NULL,
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
    created_at DATETIME NOT NULL,
    seen_at DATETIME,
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
    payload JSON NOT NULL,
    mismatches JSON NOT NULL,
    updated_at DATETIME NOT NULL,
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
    report JSON NOT NULL,
    doubts JSON NOT NULL,
    uploaded_at DATETIME NOT NULL,
    uploaded_by VARCHAR(26) NOT NULL,
    checked_at DATETIME,
    accept_reason VARCHAR(500) NOT NULL,
    ended_at DATETIME,
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
    version_ids JSON NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    pin_hash VARCHAR(200) NOT NULL,
    failures INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    last_download_at DATETIME,
    expires_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL,
    created_by VARCHAR(26) NOT NULL,
    closed_at DATETIME,
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
    version_ids JSON NOT NULL,
    attached_ids JSON NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    pin_hash VARCHAR(200) NOT NULL,
    failures INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    last_download_at DATETIME,
    expires_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL,
    created_by VARCHAR(26) NOT NULL,
    closed_at DATETIME,
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
    document_ids JSON NOT NULL,
    reason VARCHAR(500) NOT NULL,
    state VARCHAR(10) NOT NULL,
    requested_by VARCHAR(26) NOT NULL,
    requested_at DATETIME NOT NULL,
    decided_by VARCHAR(26),
    decided_at DATETIME,
    remaining_ids JSON NOT NULL,
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
    snapshot JSON NOT NULL,
    snapshot_sha256 VARCHAR(64) NOT NULL,
    salt VARCHAR(64) NOT NULL,
    code VARCHAR(20) NOT NULL,
    class_id VARCHAR(26) NOT NULL,
    length INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    tip VARCHAR NOT NULL,
    revision_number INTEGER NOT NULL,
    locked_at DATETIME NOT NULL,
    locked_by VARCHAR(26) NOT NULL,
    voided_at DATETIME,
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
    taken_at DATETIME NOT NULL,
    released_at DATETIME,
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
    created_at DATETIME NOT NULL,
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
    rows JSON NOT NULL,
    position INTEGER NOT NULL,
    staff_id VARCHAR(26),
    signer_hash VARCHAR(64),
    reassignment JSON,
    caption JSON NOT NULL,
    signed_at DATETIME,
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
    claimed_at DATETIME,
    prepared BLOB,
    attributes BLOB,
    signature BLOB,
    token BLOB,
    error_code VARCHAR(40),
    error_params JSON NOT NULL,
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
INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;
